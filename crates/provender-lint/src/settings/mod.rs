//! Configuration files reduced to settings, variables and commands.
