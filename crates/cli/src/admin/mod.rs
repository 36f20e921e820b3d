//! The admin API: metrics, health, status, a page for people, and acts with a token.
//!
//! It reads what others measured and hands acts to the coordinator; it decides nothing.

mod acts;
mod operate;
mod page;
mod retry;
mod rounds;
mod server;
mod stock;
mod tokens;

pub(crate) use server::{Admin, Context, start};
pub(crate) use tokens::{TOKEN_FILE, Tokens};
