//! Marks a class: many students at once, each within the limits of its account, every result in a journal before the
//! next, so that a killed run goes on where it was.
