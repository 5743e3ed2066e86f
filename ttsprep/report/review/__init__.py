"""A local web page on which a person hears the clips of an audit and decides what becomes of each."""
