//! The digests that RPM packages have besides SHA-256: MD5 and SHA-1 in old ones, SHA-512 in new ones.
//!
//! MD5 and SHA-1 do not protect against an attacker. They show that a package was damaged, and rpm compares them before it installs.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha512};

use crate::base::digest::hex_text;

/// Hashes bytes that come in pieces.
pub enum PackageHash {
    Md5(Md5),
    Sha1(Sha1),
    Sha512(Sha512),
}

impl PackageHash {
    /// Nothing has been hashed yet.
    pub fn md5() -> PackageHash {
        PackageHash::Md5(Md5::new())
    }

    /// Nothing has been hashed yet.
    pub fn sha1() -> PackageHash {
        PackageHash::Sha1(Sha1::new())
    }

    /// Nothing has been hashed yet.
    pub fn sha512() -> PackageHash {
        PackageHash::Sha512(Sha512::new())
    }

    /// Hashes the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        match self {
            PackageHash::Md5(hash) => hash.update(bytes),
            PackageHash::Sha1(hash) => hash.update(bytes),
            PackageHash::Sha512(hash) => hash.update(bytes),
        }
    }

    /// The digest of all bytes: 16, 20 or 64 bytes.
    pub fn finish(self) -> Vec<u8> {
        match self {
            PackageHash::Md5(hash) => hash.finalize().to_vec(),
            PackageHash::Sha1(hash) => hash.finalize().to_vec(),
            PackageHash::Sha512(hash) => hash.finalize().to_vec(),
        }
    }

    /// The same as [`PackageHash::finish`], in hexadecimal digits.
    pub fn finish_text(self) -> String {
        hex_text(&self.finish())
    }

    /// The digest of what was hashed and of `bytes`.
    pub fn of(mut self, bytes: &[u8]) -> Vec<u8> {
        self.add(bytes);
        self.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digests_of_abc() {
        for (hash, expected) in [
            (PackageHash::md5(), "900150983cd24fb0d6963f7d28e17f72"),
            (PackageHash::sha1(), "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                PackageHash::sha512(),
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
        ] {
            let mut hash = hash;
            hash.add(b"a");
            let digits: String = hash.of(b"bc").iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(digits, expected);
        }
    }
}
