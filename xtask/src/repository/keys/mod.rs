//! The keys of a repository, and how the key that signs is changed while clients go on to work.
//!
//! A client verifies repodata before it reads them. If a new key signs the repodata that has the package with the new key, a
//! client with the keys of that package can never upgrade again. So the new key is announced first: as `repository.next-key` it is
//! served and goes into the `<name>-repo` packages, while the key before still signs. Then it signs, and the key before remains
//! for as long as something is served that it has signed.
//!
//! [`key_set`] has the keys, [`client_keys`] what clients have got, [`uses`] what a key has signed, [`rules`] what follows from
//! these, [`signing`] what a command that signs needs, [`unsigned`] and [`ended`] what clients refuse, and [`stand`] what `status` shows.

pub mod client_keys;
pub mod ended;
pub mod key_set;
pub mod rules;
pub mod signing;
pub mod stand;
pub mod unsigned;
pub mod uses;
