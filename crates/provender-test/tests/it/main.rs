//! The fake servers as their clients see them.

#[cfg(test)]
mod advisories;
#[cfg(test)]
mod index;
#[cfg(test)]
mod pip;
#[cfg(test)]
mod reader;
#[cfg(test)]
mod uv;
