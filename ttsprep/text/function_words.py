"""The words that a language cannot do without, and the letters it has beside a to z: what tells languages apart.

By ISO 639 code, within a script. Words are in lower case and split at apostrophes; what begins with a hyphen is an
ending of four-letter words and longer ones, for languages that say with endings what others say with words.
"""

LATIN = {
    "en": "the of and to a in is it you that he was for on are with as i his they be at one have this from or had by "
    "not but what all were we when your can said there an which she do how their if will up other about out "
    "many then them these so some her would make like him into has more go no could my than been who its now "
    "did get may me our us am don t s ll re very where why because should just any only here must please -ing "
    "-tion -ness -ment -ly",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er "
    "hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor "
    "zur bis mehr durch man sein wurde wenn können ich wir ihr mir mich uns ihm ihn kann doch schon was wo "
    "hier dann diese dieser dieses keine kein sehr bitte muss hatte habe bin du mein meine ihre seine gibt vom "
    "heute immer wieder -ung -ungen -heit -keit -lich -chen -isch -ten",
    "nl": "de het een van en in is dat op te zijn met voor niet aan er om ook als dan maar bij hij ze wij je ik u "
    "die dit naar door nog uit wordt worden over tot heeft hebben wel kan kunnen moet zo was werd geen meer "
    "deze hun haar mijn onze ons waar wat wie hoe al veel zou zal zullen heb had bent ben mij me jij jullie nu "
    "daar hier of omdat toen want na onder tegen zich iets niets goed alle -ing -ingen -heid -lijk -den -ten",
    "af": "die en van in is het dat nie n te op vir met om was hy by sy as aan sal ek ons hulle wat ook kan jy word "
    "my deur uit na een of maar daar dit hierdie moet baie so nog wees se gaan kom tot toe sê waar hoe nou jou "
    "haar hom onder oor wil tussen asseblief gister vandag -ing -heid -like -lik",
    "fy": "de it fan en in is dat op te mei foar net oan der om ek as mar by hy sy wy jo ik dy dit nei troch noch út "
    "wurdt wurde oer oant hat hawwe kin moat sa wie waard gjin mear dizze har myn ús wêr wat hoe al oare",
    "lb": "de d an ass en eng vun a fir mat op datt net dat och si hien ech mir dir hat sinn huet ginn gëtt vum zu "
    "bei wéi nach awer wann dem den der un aus no iwwer ze kann hunn war gouf keng méi dës säi ganz well",
    "sv": "och i att det som en på är av för med till den har de inte om ett han men var jag vi sig från så kan hon "
    "när man år skulle där eller under också efter in vid detta nu upp mot ut ska hade vara något mycket alla "
    "mig dig du mina min sin hans hennes oss ni er bara sedan här vill måste blev kunde denna dessa utan finns "
    "skall än mellan eftersom igår",
    "da": "og i at det en den til er som på de med han af for ikke der var et har om jeg men fra sig kan vi så hun "
    "skal ved havde eller hvor nu da over hvad mig os også være blev op ud efter når meget kunne noget ham "
    "hende dem min din sin vores hans hendes mod bliver nogle alle denne dette disse kun blive ville skulle "
    "måtte lige her hvis sagde selv fordi mellem uden under går igen ind bare -hed -heden -erne -ede -tion "
    "-tionen -ioner -else -eligt -igt -lige lavet bruge bruger ugyldig kunde stedet andet hverken hvordan "
    "hvorfor jeres dig",
    "nb": "og i det på som er en til å han av for med at var de ikke den har jeg om et men fra seg kan vi så hun "
    "skal ved hadde eller hvor nå da over hva meg oss også være ble opp ut etter når mye kunne noe ham henne "
    "dem min din sin vår hans hennes mot blir noen alle denne dette disse bare bli ville skulle måtte her hvis "
    "sa selv fordi mellom uten under går igjen inn -het -heten -ene -sjon -jonen -joner -else -elig bruke "
    "bruker ugyldig andre hvordan hvorfor deg brukes gjøre kjøre",
    "nn": "og i det på som er ein til å han av for med at var dei ikkje den har eg om eit men frå seg kan vi så ho "
    "skal ved hadde eller kvar no da over kva meg oss òg vere vart opp ut etter når mykje kunne noko henne min "
    "din sin vår hans hennar mot blir nokon alle denne dette desse berre bli ville skulle måtte her viss sa "
    "sjølv fordi mellom utan under går igjen inn -heit -ane -sjon -jonen -leg -ast bruke brukar ugyldig andre "
    "korleis kvifor deg brukast gjere køyre skriv nokre",
    "is": "og að í á er sem það til við um með af var ekki hann en fyrir ég þar hún því þess þá þú þetta hefur vera "
    "eru eða upp úr svo frá hafa okkur mig mér þeir þau sig sér nú hér ekkert eftir þegar allt verið minn voru "
    "verður hafði kom sagði vel mjög vil inn út yfir hvað hver ef",
    "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec ou son "
    "aux d l qu n s c j m cette mais comme on sa ses été être elle je vous nous ils leur y si tout même fait "
    "était ont peut très bien sans sous ces mon ma mes votre notre où quand donc car aussi rien deux avait "
    "suis lui me te tu elles encore dont entre fut déjà chez faire -tion -ment -eur -eux -ité -ais -ait",
    "es": "de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha me si sin "
    "sobre este ya entre cuando todo esta ser son dos también fue había era muy años hasta desde está mi "
    "porque qué sólo han yo hay vez puede todos así nos ni parte tiene él uno donde bien ese eso te ella les "
    "usted estaba ahora nada quien tan nuestra nuestro estos están cada ayer hoy -ción -ones -dad -ento -ando "
    "-iendo -ado -ados",
    "pt": "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu "
    "sua ou ser quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos "
    "ter seus quem nas me esse eles estão você tinha foram essa num nem suas meu às minha têm numa pelos elas "
    "havia seja qual nós lhe deles vai são este esta fazer ontem pode -ção -ções -dade -ento -ando -endo -ado "
    "-ados",
    "it": "di e il la che in a per è un non sono una le si da con i del della gli al come dei nel ha più alla lo ma "
    "anche o mi dal delle ci se questo cosa era suo sua ed nella loro tutto quando essere molto ho hanno così "
    "perché dove l d c cui tra fra già questa sul sulla alle ai lei lui io tu noi voi chi ne stato fatto prima "
    "dopo ancora senza ogni mio mia quello quella bene sempre due ieri aveva poi dalla siamo -zione -zioni -tà "
    "-ento -ando -endo -ato -ati",
    "ca": "de la que el i a en els les un una es per amb no l d del al dels s ha és com més però seu va o si ho seva "
    "són també pel n hi han tot quan molt em aquest aquesta sense ser fins perquè fer entre on jo ell ella "
    "està seus era ja als només van què havia dos ens us tots nosaltres això després sobre cada mai meu meva "
    "avui ahir tinc ets sóc pot estava ara encara qui -ció -cions -tat -ment -ant -at -ats -ada",
    "gl": "de a o que e do da en un para é con non unha os no se na por máis as dos como pero foi ao el das ten á "
    "seu súa ou ser cando moito hai nos xa está eu tamén só polo pola ata iso ela entre era despois sen mesmo "
    "aos ter seus quen nas me ese eles están vostede tiña foron esa nin súas meu ás miña teñen elas había sexa "
    "cal nós lle deles vai son este esta facer onte pode moi unhas uns -ción -cións -dade -ento -ando -endo "
    "-ado -ados",
    "oc": "de la lo que e los en las un una per es dins amb pas del se son al a dels sus mai coma foguèt qu l d o "
    "aquel aquela çò tanben fins avia era mas tot sens aver an entre cal ten nos vos li lor ont fa",
    "ro": "de și în a la cu o pe nu care din că să se un este pentru mai au ce fi sunt ca dar al lui prin după sau "
    "era fost am ai ar cel cea cele ei el ea ne mi ți își îi l le lor s nici când foarte acest această aceste "
    "toate tot unei unui într între până fără doar dacă cum unde eu tu noi voi nostru mea meu sa său avea fac "
    "spre despre asta ale ori şi",
    "pl": "i w na z się do nie to że o jest jak a po od za co dla przez tak ale był przed już ze tylko czy są być "
    "jego było można oraz ich tego ja ty on ona my wy oni mnie mi cię ci go mu jej nas nam was gdy więc może "
    "ma tym który która które też jeszcze bardzo ten ta te była byli kiedy gdzie jeśli pod nad przy bez będzie "
    "tu tam ku lub we sobie siebie swoje swój mam proszę wszystko -ych -ego -nie -ania -enia -ość -ści -owy "
    "-owe",
    "cs": "a v se na je že s z do to o i jsem ve jako ale po za by pro tak jeho už které který jak jsou která k od "
    "byl jen byla při bylo si než jsme co tento u kde když nebo až není ho pak mu přes však bez jsi mě mi tě "
    "ti ze ke má jejich její velmi tady ještě být budou bude protože aby můj moje nás nám vás my vy oni ona "
    "ten ta ty také pod mezi musí může před -ých -ého -ání -ení -ost -osti -ový -ovat",
    "sk": "a v sa na je že s z do to o i som vo ako ale po za by pre tak jeho už ktoré ktorý ktorá sú k od bol len "
    "bola pri bolo si než sme čo tento u kde keď alebo až nie ho potom mu cez však bez ma mi ťa ti zo ku má "
    "ich jej veľmi tu ešte byť budú bude pretože aby môj moje nás nám vás my vy oni ona ten tá tie aj pod "
    "medzi musí môže pred ste mal mala -ých -ého -anie -enie -osť -osti -ový -ovať -ania -enia",
    "sl": "in je v na se za da so z s ki pa po ne kot tudi ni bi pri iz bil še bo kar o to do sem ali ko jih bila ga "
    "kako le če samo zelo od ob lahko mi ti on ona mu jo si smo ste bilo bili med pred brez kje ker zdaj tako "
    "vse vsi njegov moj naš nje njih tega tem ta nad jaz -ega -emu -ajo -ijo -anje -ost dneva vseh ter zato "
    "toda vendar kdo",
    "hr": "i u je na se da za su od s a koji o kao iz što ne bi nije do će po ali ili kako ako sam samo koja koje "
    "bio bila bilo biti ga mu nam vam oni ona on me mi ti vi si smo ste sa to taj ta te već još jer kad kada "
    "gdje prije poslije između bez sve svi vrlo moj njegov njezin ovo ovaj ova tko bih pa nakon tijekom uz "
    "više može treba zbog danas mogu li tom -oga -ih -anje -enje -ost -osti -anja -enja",
    "lt": "ir yra kad į iš su tai o kaip ne bet jis buvo ant už jo nuo dėl aš po iki ar tik dar jau prie per apie "
    "mes jie ji jos jų taip labai čia kur kai mano savo man tu jūs mūsų šis ši šie tas ta būti bus turi gali "
    "nėra reikia pagal prieš visi viskas nes jei arba -iai -imas -imo -umas -imą -ti -ama -oje -ėje -ams -ais "
    "-inti -ius -asis",
    "lv": "un ir ka no ar uz par kas bet tas kā viņš nav bija tika lai es ne arī vai pie pēc to tā ja jau tikai vēl "
    "mēs jūs viņi viņa viņu man mani savu ļoti šis šī šo kur kad būt būs var pret līdz bez vairāk tad gan visi "
    "tiek jo nekā -šana -anas -ais -iem -ums -ību -ība -tājs -ties -ējis",
    "et": "ja on ei et see ta oli ma kui ka mis aga oma nii siis mida kes või ning ole seda tema me te nad veel juba "
    "ainult väga pole olen oled olid minu sinu meie teie nende kus nagu mind mulle kuid sest peab saab võib "
    "pärast enne kõik üks üle koos olla ära vaid siin täna -sse -dele -tud -vad -nud -ides -ate -maks -mine "
    "-mise -tab",
    "fi": "ja on ei että se oli hän en mutta kun myös kuin ovat joka mitä tai niin sen jos ole vain jo nyt minä sinä "
    "me te he hänen minun sitä tämä tämän siitä ollut olla olen voi mikä missä koska kaikki vielä sitten hyvin "
    "mukaan kanssa jälkeen ennen olivat sekä joten eivät ettei minua haluan tänään eilen -ssa -ssä -sta -stä "
    "-lla -llä -lta -ltä -lle -nen -ksi -tta -ttä -isi -vat -vät -maan -mään -mme -tte -sti",
    "hu": "a az és hogy nem is egy ez van volt meg de csak mint ha már még el ki be én te ő mi ti ők vagy lesz ezt "
    "azt volna kell lehet minden nagyon itt ott most sem neki nekem nekünk engem őt akkor mert aki ami után "
    "alatt között szerint fel le mit azonban legyen vele nincs olyan ilyen -nak -nek -ban -ben -ból -ből -hoz "
    "-hez -ról -ről -ság -ség -val -vel -tól -től",
    "tr": "bir ve bu da de için ne o ile çok daha gibi kadar ben sen biz siz onlar ama var yok mı mi mu mü en her ki "
    "olarak sonra olan oldu değil şey şu önce bana beni sana onu ona bunu kendi hiç veya ya diye iki nasıl "
    "neden nerede lütfen bugün dün şimdi -lar -ler -yor -ları -leri -ların -lerin -dan -den -mak -mek -dır "
    "-dir -ıyor -iyor -acak -ecek -ında -inde -mış -miş -ıyla -iyle -ımız -imiz -ılan -ilen -ması -mesi -amadı "
    "-emedi -iniz -ınız -ma -me -nın -nin",
    "az": "bir və bu da də üçün nə o ilə çox daha kimi qədər mən sən biz siz onlar amma var yox mı ki olaraq sonra "
    "olan oldu deyil şey hər əvvəl mənə sənə onu ona bunu öz heç ya iki necə niyə harada xahiş bugün dünən "
    "indi lakin -lar -lər -dan -dən -maq -mək -dır -dir -ların -lərin -ında -ində -ıram -irəm -ır -ir -ur -ür "
    "-malı -məli -ildi -ıldı -nın -nin -ma -mə -ları -ləri -sız -siz",
    "uz": "va bir bu bilan uchun ham u men sen biz siz ular emas edi yo q bor deb kerak qanday lekin esa o z eng har "
    "juda keyin oldin shu qilib bo lgan ldi necha nima -lar -ning -dan -ga -da -ni -lari -lgan -moqda -ish",
    "sq": "të e në i dhe për me një nga që është si ka u nuk më do por ai ajo ata se kjo ky këtë janë ishte edhe kur "
    "së ku mund duhet jam je jemi tim tij saj tyre pas para ose deri shumë vetëm ne ju unë mua kishte mbi nën "
    "sot dje çfarë",
    "eu": "eta da ez du bat ere zen dira izan baina egin bere dut zuen edo hau hori nik zuk gara naiz dago daude "
    "dute behar zuten ziren nire zure oso hemen han gaur bai beste gero orain ondoren arte -aren -ekin -etan "
    "-tik -ren -tzen -tzeko -tako -koa -ak",
    "cy": "y yr a i o yn ac ar am mae ei fod wedi oedd nid ond fel eu hi ef ni chi fi gan bod sy sydd hyn hwn hon un "
    "at dros rhwng mewn wrth heb cyn ôl bydd rhaid nad na pan beth ble lle rwy dw roedd r n w m gyda hefyd "
    "iawn",
    "ga": "an na agus ar i is a ag go le do ní bhí tá sé sí siad mé tú sin seo ach mar don den leis ó chun faoi nach "
    "níl bhfuil bheith bíonn raibh atá aon gach nuair cad cén ann as mo ár idir roimh sa san",
    "gd": "an na agus air a is ag gu le do chan bha tha e i iad mi thu sin seo ach mar anns leis bho chun fo nach "
    "eil bhith bidh robh aon gach nuair dè ann às mo ar eadar ro gun nam nan am",
    "br": "ar an ha e a da o gant evit eus ur un en war zo eo ne ket deus oa met dre em he hag int ma me te hi ni c "
    "h pe bet bez vez dindan hep pa re mat bras kalz ivez",
    "vi": "và của là có không được cho một các trong người với những để đã này đến khi ra ở cũng như về tôi anh từ "
    "rất bạn nó vào sẽ lại đó làm nhiều phải thì bị hay hơn nhưng nếu năm còn mà sau ông bà em chị chúng ta "
    "mình lên theo đi đang vì trên tại hôm nay ngày biết thể việc rồi mới thấy cần vẫn cùng ai gì sao",
    "id": "yang dan di dengan untuk dari ini itu tidak dalam pada adalah akan ke saya kami kita anda dia mereka juga "
    "telah atau ada oleh bisa karena sudah lebih seperti harus hanya dapat sebagai sangat banyak apa jika para "
    "saat tersebut namun belum masih bahwa orang hari satu lagi kamu aku tetapi pun bukan ketika sebuah "
    "silakan sini mana bagaimana setelah -nya -kan -lah",
    "ms": "yang dan di dengan untuk dari ini itu tidak dalam pada adalah akan ke saya kami kita anda dia mereka juga "
    "telah atau ada oleh boleh kerana sudah lebih seperti mesti hanya dapat sebagai sangat banyak apa jika "
    "para apabila tersebut namun belum masih bahawa orang hari satu lagi kamu aku tetapi pun bukan semasa "
    "sebuah sila awak cuba daripada kepada sahaja ialah bagi tiada -nya -kan -lah",
    "tl": "ang ng sa na at mga ay si ito ko mo siya hindi ni kung para may ako ka namin natin kami tayo sila po ba "
    "lang pa rin din nang isang iyon dahil pero kanyang kaniyang niya nila wala mayroon dito doon ano sino "
    "saan kapag gusto maaari bago muna naman kay kayo inyong iyong aking",
    "sw": "na ya wa kwa ni katika la za cha vya kuwa hii huo hiyo yake yao wao mimi sisi wewe yeye lakini au kama "
    "pia sana hapa hapo kila baada kabla hadi bila kutoka juu chini watu mtu siku moja mbili si sio alikuwa "
    "ilikuwa hakuna ndiyo wake wangu yangu yako ambayo ambao hayo haya jana leo",
    "eo": "la kaj de en estas ne al mi vi li ŝi ĝi ni ili oni tio kiu kiuj ke por kun sed el pri ĝis per sur pli "
    "ankaŭ tiu ĉi estis estos aŭ kiel se kio kie kiam tre nur ĉar da mia via lia nia ĉiuj antaŭ post -oj -ojn "
    "-aj -ajn -as -is -os",
    "la": "et in est non ad ut cum quod qui sed ab ex de si quae quam per nec esse sunt enim hoc atque erat me te se "
    "nunc autem sic eius etiam aut tamen quid mihi tibi nos vos suis omnes omnia ac pro inter fuit haec ille "
    "illa -que -orum -arum -ibus -tur",
    "mt": "il l li u ta f ma għal minn fil tal b din dan kien mhux jew biex hija huwa kif dawn bil għall fuq kienet "
    "jien int aħna huma kollha wara qabel iżda imma x kull hu hi sa meta fi tagħha tiegħu mill tat it id is ir "
    "in",
    "ku": "û li di de ji bi ku ev jî ya yê yên a ê ne ew min me te we em hûn ez wan wî wê tu bû e in ye hat dike "
    "dikin dibe lê an ser bo gelek her heye hemû pir",
    "ht": "la a yo nan ak pou li mwen nou ou se pa te gen yon sa ki ap fè sou men tout moun kòm si lè anpil ka epi "
    "pral kote poukisa",
    "ha": "da a ya na ta ba cikin ne ce su shi mai wannan kuma ga an don wanda yi sun zai daga amma ko ina kai mu ku "
    "shin yana tana suna lokacin",
    "yo": "ni ti àwọn ó náà sí fún tí wọ́n àti a pé kò sì bí lati láti jẹ́ mo ń wa rẹ̀ inú",
    "zu": "ukuthi futhi kodwa ukuba noma uma ngoba kanye lapho yini manje khona lokhu lo le abantu wami yami ngi "
    "-ile -eni -wini -anga -isa",
    "so": "waa iyo ka ku oo ah in la uu ay u ee soo wax kale aan ma si waxa waxay lagu kuwa mid ayaa waxaa laga ugu "
    "inuu inay haddii",
}
"""Languages that are written in Latin letters -> their words."""

CYRILLIC = {
    "ru": "и в не на я быть он с что а по это она этот к но они мы весь который из у то за свой вы так же от для о "
    "бы как его все ты было был была были только её ее мне меня нас вас их ему уже когда если или даже до при "
    "без очень есть нет чтобы где кто себя там тут может сейчас сегодня после этого два один надо ещё еще под "
    "над тебя -ого -ние -ения -ать -ить -ться -ный -ной",
    "uk": "і в не на я що він з та а до це у як за ми вони вона ти ви але від про так його її їх для є був була було "
    "були або той цей ця які який яка вже щоб коли якщо навіть по при без дуже немає де хто себе там тут може "
    "зараз сьогодні після цього два один треба ще під над тебе мене мені нас вас йому й із зі бо має -ого -ння "
    "-ати -ити -тися -ний -ної",
    "be": "і ў не на я што ён з а да гэта у як за мы яны яна ты вы але ад пра так яго яе іх для быў была было былі "
    "або той гэты гэтая якія які якая ужо каб калі нават па пры без вельмі ёсць няма дзе хто сябе там тут можа "
    "зараз сёння пасля гэтага два адзін трэба яшчэ пад над цябе мяне мне нас вас яму ці бо мае са -ага -нне "
    "-аць -іць -ацца -ны -най",
    "bg": "и на в да се за не от са с по че това си е като до ще при а но той което който която които беше ако вече "
    "само ли тя ни ми те го му има или аз ние вие тук там много още как кога къде защото след преди без под "
    "този тази тези бе бил била във със може трябва моля всички един една днес вчера най съм сте сме -ата -ите "
    "-ване -ния -ано -ият",
    "mk": "и на во да се за не од со по дека ова си е како до ќе при а но тој што кој која кои беше ако веќе само ли "
    "таа ни ми те го му има или јас ние вие тука таму многу уште кога каде затоа после пред без под овој оваа "
    "овие бил била може треба ве сите еден една денес вчера нај сум сте сме ја ги им -ата -ите -ање -ува -ано "
    "-иот",
    "sr": "и у је на се да за су од с а који о као из што не би није до ће по али или како ако сам само која које "
    "био била било бити га му нам вам они она он ме ми ти ви си смо сте са то тај та те већ још јер кад када "
    "где пре после између без све сви врло мој његов овај ова ово ко бих па након више може треба због данас "
    "могу ли",
    "kk": "және бұл бір мен үшін де да деп ол осы не өз бар жоқ емес болды болып сен біз сіз олар бірақ кейін дейін "
    "туралы өте қалай сол енді керек еді ғана тағы немесе -дың -дің -лар -лер -ның -нің -тар -тер -ған -ген "
    "-дар -дер -мен -ды -ді -дан -ден -тын -тін -ады -еді -йды -ңыз -ңіз -луы -уын",
    "ky": "жана бул бир мен үчүн да деп ал ушул эмне өз бар жок эмес болду болуп сен биз сиз алар бирок кийин чейин "
    "жөнүндө абдан кандай ошол эми керек эле гана дагы же -нын -нин -лар -лер -дын -дин -ган -ген -дар -дер "
    "-дан -ден -ууга -бай -бейт -ылган -ңыз -ңиз -уу -үү -луу -дуу",
    "tt": "һәм бу бер мин өчен дә да дип ул шул нәрсә үз бар юк түгел булды булып син без сез алар ләкин соң кадәр "
    "турында бик ничек хәзер кирәк иде генә тагын яки белән -ның -нең -лар -ләр -гән -ган -нар -нәр -дан -дән",
    "ba": "һәм был бер мин өсөн дә ҙа тип ул шул нимә үҙ бар юҡ түгел булды булып һин беҙ һеҙ улар ләкин һуң тиклем "
    "тураһында бик нисек хәҙер кәрәк ине генә тағы йәки менән -ның -ғән -лар -ҙар -ҙәр -тар",
    "mn": "нь байна бол энэ юм ба болон тэр гэж би та бид тэд байсан нэг их дээр ч хэн юу хаана яаж эсвэл бас маш "
    "одоо гэсэн байгаа өөр биш үгүй билээ түүний миний -ийн -ын -ууд -үүд -сан -сэн -лаа -гаар",
    "tg": "ва дар ба аз ки ин бо барои он аст ҳам як ман ту мо шумо онҳо вай не ё буд то ҳар бисёр агар чӣ куҷо ҳаст "
    "мешавад карда -ҳои -ҳо",
}
"""Languages that are written in Cyrillic letters -> their words."""

ARABIC = {
    "ar": "في من على إلى أن التي الذي هذا هذه كان عن مع ما لا لم لن هو هي ذلك كل بعد قبل قد ثم بين أو إن كانت هل "
    "هناك عند حتى إذا أنا نحن أنت هم لقد ليس غير منذ يكون حيث كما أي تم يا عليه فيه أنه لكن ولا وقد وهو ملف "
    "فقد لأن عندما أكثر مثل الى له لها بعض جدا اليوم أمس غدا كيف لماذا أين",
    "fa": "و در به از که این را با است برای آن یک تا خود می بر هم نیز شد ها شده کرد اما یا بود من ما شما او آنها هر "
    "چه باید دارد بسیار نمی های اگر پس کنید کند است، نیست همه دیگر روی چرا کجا ای بی هست خیلی امروز لطفا فردا",
    "ur": "کے کی میں ہے اور سے کا کو اس نے کہ پر یہ ہیں ایک تھا بھی کر وہ جو نہیں تو تھی گیا ہم آپ ان ہو لیے تھے کیا "
    "جا ساتھ اپنے بہت کچھ یا دو ہی گی گا مجھے میرا کرنے ہوں ہوتا رہا رہے",
    "ps": "د په او چې ته دی کې له سره یې نه هم دا هغه کړي کړ شوي وه و ده زه موږ تاسو خو یا تر پر شي کوي لري ځکه دې "
    "کله چیرې ډېر یو",
    "ckb": "و لە بە بۆ کە ئەو ئەم لەگەڵ یان نەک ھەر هەر من تۆ ئێمە ئێوە ئەوان دەکات دەبێت بوو هەیە نییە زۆر چۆن کاتێک "
    "یەک لەسەر بەڵام",
    "ug": "ۋە بۇ بىر ئۇ مەن بىز سىز بىلەن ئۈچۈن ھەم دەپ بار يوق ئەمەس كېرەك قانداق لېكىن ئەڭ -نىڭ -لار -لەر -دىن "
    "-تىن -غان -گەن -لىق -ىدۇ -ايدۇ -ىش",
    "sd": "۽ جي ۾ کي جو آهي سان ته هن جا هو تي به جنهن اهو آهن هي کان لاءِ نه ڪري آئون اسان توهان",
}
"""Languages that are written in Arabic letters -> their words."""

DEVANAGARI = {
    "hi": "के में है की से का और को पर यह कि एक नहीं ने हैं भी इस लिए तो हो कर था वह या साथ जो थे थी अपने गया आप मैं "
    "हम कुछ बहुत उस रहा रहे रही मुझे मेरे मेरा क्या किया जा होता ही गई करने दो कोई अब जब आज कल",
    "mr": "आहे आणि या च्या हे ते मध्ये व तो ती मी नाही होते आहेत होता होती का की पण तर हा ही एक साठी केला केली करून "
    "आपण तुम्ही आम्ही त्या त्यांनी असे काय मला माझ्या माझा खूप आज काल हो नका कोणी सर्व असून येथे",
    "ne": "छ र को मा यो हो पनि छन् लाई एक गर्न भएको त्यो थियो तर म हामी तपाईं उनी ले छैन गरेको हुन्छ हुने के अनि भने "
    "यस आफ्नो धेरै आज हिजो गर्नुहोस् कुनै सबै मेरो थिए भयो लागि छु होइन",
}
"""Languages that are written in Devanagari -> their words."""

WORDS = {"LATIN": LATIN, "CYRILLIC": CYRILLIC, "ARABIC": ARABIC, "DEVANAGARI": DEVANAGARI}
"""Script, as Unicode names it -> language -> words, of the scripts that several languages share."""

LETTERS = {
    "en": "", "de": "äöüß", "nl": "éëïèöüêóáíú", "af": "êëéèôûîïáóúýö", "fy": "âêôûúíéäëïöü", "lb": "äéëöüèêô",
    "sv": "åäöé", "da": "æøåé", "nb": "æøåéòôó", "nn": "æøåéòôóè", "is": "áðéíóúýþæö",
    "fr": "àâæçéèêëîïôœùûüÿ", "es": "áéíñóúü", "pt": "áâãàçéêíóôõú", "it": "àèéìíîòóù", "ca": "àçèéíïòóúü·",
    "gl": "áéíñóúüï", "oc": "áàçéèíïóòú", "ro": "ăâîșțşţ", "pl": "ąćęłńóśźż", "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíĺľňóôŕšťúýž", "sl": "čšž", "hr": "čćđšž", "lt": "ąčęėįšųūž", "lv": "āčēģīķļņšūž",
    "et": "äõöüšž", "fi": "äöå", "hu": "áéíóöőúüű", "tr": "çğıöşüâîû", "az": "çəğıöşü", "uz": "ʻʼ", "sq": "çë",
    "eu": "ñ", "cy": "âêîôûŵŷïäöáéẃë", "ga": "áéíóú", "gd": "àèìòù", "br": "âêñôùü",
    "vi": "ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ", "id": "é", "ms": "é", "tl": "ñáóúíéàâ",
    "sw": "", "eo": "ĉĝĥĵŝŭ", "la": "āēīōūæœ", "mt": "ċġħżàèìòù", "ku": "çêîşû", "ht": "èòà", "ha": "ɓɗƙƴ",
    "yo": "ẹọṣàáèéìíòóùúńǹ", "zu": "", "so": "",
    "ru": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "be": "абвгдеёжзійклмнопрстуўфхцчшыьэюя", "bg": "абвгдежзийклмнопрстуфхцчшщъьюяѝ",
    "mk": "абвгдѓежзѕијклљмнњопрстќуфхцчџшѐѝ", "sr": "абвгдђежзијклљмнњопрстћуфхцчџш",
    "kk": "аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя", "ky": "абвгдеёжзийклмнңоөпрстуүфхцчшщъыьэюя",
    "tt": "аәбвгдеёжҗзийклмнңоөпрстуүфхһцчшщъыьэюя", "ba": "аәбвгғдҙеёжзийкҡлмнңоөпрсҫтуүфхһцчшщъыьэюя",
    "mn": "абвгдеёжзийклмноөпрстуүфхцчшщъыьэюя", "tg": "абвгғдеёжзиӣйкқлмнопрстуӯфхҳчҷшъэюя",
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهويةىأإآءئؤٱ", "fa": "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیآءئؤأۀة",
    "ur": "ابپتٹثجچحخدڈذرڑزژسشصضطظعغفقکگلمنںوہھءیےئؤأآۂۓ", "ps": "ابپتټثجځچڅحخدډذرړزژږسشښصضطظعغفقکګگلمنڼوهۀيېیئۍءآؤأ",
    "ckb": "ابپتجچحخدرڕزژسشعغفڤقکگلڵمنوۆهھەیێئ", "ug": "ابپتجچخدرزژسشغفقكگڭلمنھەوۇۆۈۋېىيئ",
    "sd": "ابٻڀتٿٽٺثپجڄجھڃچڇحخدڌڏڊڍذرڙزسشصضطظعغفڦقڪکگڳگھڱلمنڻوهيءآئهٔ۽۾",
}  # fmt: skip
"""Language -> the letters that it writes, for Latin ones beside a to z; none are listed where they tell nothing."""

ALIKE = ({"hr", "bs", "sr", "sh", "cnr"}, {"id", "ms"}, {"nb", "nn", "no"}, {"zh", "cmn", "yue", "hak", "nan"},
         {"tl", "fil"}, {"gd", "ga"}, {"zu", "xh", "ss", "nd"}, {"he", "iw"}, {"fa", "prs"}, {"ro", "mo"})  # fmt: skip
"""Languages whose texts are too alike to be held against each other."""
