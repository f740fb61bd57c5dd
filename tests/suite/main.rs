//! The one test program of patchctl.

mod rules;
