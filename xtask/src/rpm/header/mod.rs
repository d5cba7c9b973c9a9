//! The headers of an RPM file: read by the rules of rpm, and encoded.
//!
//! An RPM file is a lead of 96 bytes, a signature header, a header, and the payload. Both headers have the same form: an index of
//! tags and the data that it points to. [`head`] reads everything before the payload, [`blob`] checks and reads one header,
//! [`tag`] has the numbers and the types of tags, [`digests`] compares a package with the digests in its headers, [`contents`]
//! reads dependencies, files and changelog, [`text`] reads texts in any encoding, and [`fault`] says which rule a file breaks. [`encode`] writes headers.
//!
//! The rules are those of rpm, so that no package is accepted here which rpm does not install. Each is a variant of
//! [`fault::HeaderRule`], which names the function of rpm with the same check. Nothing in a header is believed before it is
//! measured: a size is a limit for reading, never an amount of memory to reserve, and the time to read a file grows with its size
//! only, because no two values share data.

pub mod blob;
pub mod contents;
pub mod digests;
pub mod encode;
pub mod fault;
pub mod head;
pub mod tag;
pub mod text;

#[cfg(test)]
mod tests;
