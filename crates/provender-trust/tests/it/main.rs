//! The edits and variables, read by the tools and shells that they are for, where these are installed.

mod clients;
mod desk;
mod quoting;
mod shells;
