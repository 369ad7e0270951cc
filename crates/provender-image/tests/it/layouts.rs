//! Images in layouts and archives: read, written, and given to other tools and taken from them.

mod archives;
mod bench;
mod hostile;
mod killed;
mod reading;
mod rootfs;
mod tools;
mod writing;
