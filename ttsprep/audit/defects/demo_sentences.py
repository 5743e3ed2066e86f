"""Sentences for the demo, from books in the public domain."""

SENTENCES = (
    # Lewis Carroll, Alice's Adventures in Wonderland, 1865
    "Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to do.",
    "The rabbit actually took a watch out of its waistcoat pocket, and looked at it, and then hurried on.",
    "Either the well was very deep, or she fell very slowly, for she had plenty of time as she went down.",
    "Down, down, down; would the fall never come to an end?",
    "There were doors all round the hall, but they were all locked.",
    "I should like to be a little larger, if you would not mind.",
    "Begin at the beginning, the king said gravely, and go on till you come to the end; then stop.",
    # Jane Austen, Pride and Prejudice, 1813
    "It is a truth universally acknowledged, that a single man in possession of a good fortune must be "
    "in want of a wife.",
    "You want to tell me, and I have no objection to hearing it.",
    "Vanity and pride are different things, though the words are often used synonymously.",
    "For what do we live, but to make sport for our neighbours, and laugh at them in our turn?",
    "I could easily forgive his pride, if he had not mortified mine.",
    "A lady's imagination is very rapid; it jumps from admiration to love, from love to matrimony in a moment.",
    # Herman Melville, Moby-Dick, 1851
    "Call me Ishmael.",
    "It is a way I have of driving off the spleen, and regulating the circulation.",
    "There is nothing surprising in this; almost all men cherish very nearly the same feelings towards the ocean.",
    "Better sleep with a sober cannibal than a drunken sailor.",
    "I know not all that may be coming, but be it what it will, I will go to it laughing.",
    "The sea had jeeringly kept his finite body up, but drowned the infinite of his soul.",
    # Charles Dickens, A Tale of Two Cities, 1859; A Christmas Carol, 1843; Great Expectations, 1861
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness.",
    "A wonderful fact to reflect upon, that every human creature is a profound secret and mystery to every other.",
    "Marley was dead, to begin with; there is no doubt whatever about that.",
    "Darkness was cheap, and Scrooge liked it.",
    "He tried to say humbug, but stopped at the first syllable.",
    "Take nothing on its looks; take everything on evidence; there is no better rule.",
    "We need never be ashamed of our tears, for they are rain upon the blinding dust of earth.",
    # Arthur Conan Doyle, The Adventures of Sherlock Holmes, 1892
    "You see, but you do not observe; the distinction is clear.",
    "It is a capital mistake to theorise before one has data.",
    "My name is Sherlock Holmes; it is my business to know what other people do not know.",
    "There is nothing more deceptive than an obvious fact.",
    "The little things are infinitely the most important.",
    "It was a cold morning of the early spring, and we sat after breakfast on either side of a cheery fire.",
    # Mary Shelley, Frankenstein, 1818
    "It was on a dreary night of November that I beheld the accomplishment of my toils.",
    "Nothing is so painful to the human mind as a great and sudden change.",
    "Beware, for I am fearless, and therefore powerful.",
    "The rain pattered dismally against the panes, and my candle was nearly burnt out.",
    "I was benevolent and good; misery made me a fiend.",
    # H. G. Wells, The Time Machine, 1895; The War of the Worlds, 1898
    "The fire burned brightly, and the soft radiance of the lights caught the bubbles that flashed in our glasses.",
    "There is no difference between time and any of the three dimensions of space, except that our "
    "consciousness moves along it.",
    "Nature never appeals to intelligence until habit and instinct are useless.",
    "The chances of anything coming from Mars are a million to one, he said.",
    "By ten o'clock the police organisation was losing coherency, running at last into that swift liquefaction.",
    "Strength is the outcome of need; security sets a premium on feebleness.",
    # Robert Louis Stevenson, Treasure Island, 1883; Kidnapped, 1886
    "I remember him as if it were yesterday, as he came plodding to the inn door, his sea chest following behind him.",
    "Fifteen men on the dead man's chest, and a bottle of rum.",
    "The captain had been struck dead by thundering apoplexy.",
    "We had a dreary morning's work before us, for there was no sign of any wind.",
    "I will begin the story of my adventures with a certain morning early in the month of June.",
    # Kenneth Grahame, The Wind in the Willows, 1908
    "The mole had been working very hard all the morning, spring cleaning his little home.",
    "There is nothing, absolutely nothing, half so much worth doing as simply messing about in boats.",
    "The river still chattered on to him, a babbling procession of the best stories in the world.",
    "All was a shake and a shiver, glints and gleams and sparkles, rustle and swirl, chatter and bubble.",
    "He thought his happiness was complete when, as he meandered aimlessly along, suddenly he stood by "
    "the edge of a full fed river.",
    # Mark Twain, The Adventures of Tom Sawyer, 1876
    "Saturday morning was come, and all the summer world was bright and fresh, and brimming with life.",
    "Tom appeared on the sidewalk with a bucket of whitewash and a long handled brush.",
    "Work consists of whatever a body is obliged to do, and play consists of whatever a body is not obliged to do.",
    "Often, the less there is to justify a traditional custom, the harder it is to get rid of it.",
    # Charles Darwin, The Voyage of the Beagle, 1839; On the Origin of Species, 1859
    "The day was glowing hot, and the scrambling over the rough surface and through the thickets was very fatiguing.",
    "From so simple a beginning endless forms most beautiful and most wonderful have been, and are being, evolved.",
    "The noise from the insects is so loud, that it may be heard even in a vessel anchored several "
    "hundred yards from the shore.",
    # Henry David Thoreau, Walden, 1854
    "I went to the woods because I wished to live deliberately, to front only the essential facts of life.",
    "Our life is frittered away by detail; simplify, simplify.",
    "Time is but the stream I go a fishing in.",
    "However mean your life is, meet it and live it; do not shun it and call it hard names.",
    # Edgar Allan Poe, tales, 1839 to 1843
    "During the whole of a dull, dark, and soundless day in the autumn of the year, I had been passing "
    "alone through a singularly dreary tract of country.",
    "It is impossible to say how first the idea entered my brain; but once conceived, it haunted me day and night.",
    "True, nervous, very, very dreadfully nervous I had been and am; but why will you say that I am mad?",
    # L. Frank Baum, The Wonderful Wizard of Oz, 1900
    "There is no place like home.",
    "The cyclone had set the house down very gently, for a cyclone, in the midst of a country of marvellous beauty.",
    "How can you talk if you have not got a brain?",
    "No matter how dreary and gray our homes are, we people of flesh and blood would rather live there "
    "than in any other country.",
    "Oil my neck first, replied the tin woodman.",
)
