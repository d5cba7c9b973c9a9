//! The one integration binary: the program as its users call it, against the real git and rpm.
