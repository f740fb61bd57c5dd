//! The one test program of patchctl.
