//! Commands that read history: the log itself, of a running node or a stopped one. They fold the log
//! themselves and never open a node's state.

mod cat;
mod dead_letters;
mod digest;
mod explain;
mod export;
mod fate;
mod page;
mod provisional;
mod pseudonyms;
mod rescore;
mod results;
mod rounds;
mod scan;
mod stats;
mod words;

pub(crate) use cat::cat;
pub(crate) use dead_letters::{list as list_dead_letters, show as show_dead_letter};
pub(crate) use explain::explain;
pub(crate) use export::export;
pub(crate) use rescore::rescore;
pub(crate) use results::results;
pub(crate) use rounds::Steps;
pub(crate) use stats::stats;
