//! Shell text (POSIX sh, bash) reduced to its simple commands and assignments.
