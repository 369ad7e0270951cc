//! The real tools of the machine: asked on loopback, against what their rules say; and given what `configure` and
//! `environment` write, which they read back.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod configured;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod quoting;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod shells;
#[cfg(test)]
mod surroundings;
