//! Reads the fingerprint and the owner of an armoured public key, as RFC 4880 and RFC 9580 have them. Pages show them, also where gpg is
//! not installed.

use crate::base::digest::digest_of;
use crate::base::package_digest::PackageHash;

/// The numbers of the packets.
const PUBLIC_KEY: u8 = 6;
const USER_ID: u8 = 13;

/// What the first packets of a key tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPackets {
    /// In capital hexadecimal digits.
    pub fingerprint: String,
    /// The first user id.
    pub owner: Option<String>,
}

/// Reads an armoured key; `None` if its form is not known here.
pub fn read_key(armoured: &str) -> Option<KeyPackets> {
    let bytes = dearmour(armoured)?;
    let mut rest = bytes.as_slice();
    let (kind, key) = next_packet(&mut rest)?;
    if kind != PUBLIC_KEY {
        return None;
    }
    let fingerprint = fingerprint_of(key)?;
    let mut owner = None;
    while owner.is_none()
        && let Some((kind, body)) = next_packet(&mut rest)
    {
        owner = (kind == USER_ID).then(|| String::from_utf8_lossy(body).into_owned());
    }
    Some(KeyPackets { fingerprint, owner })
}

fn fingerprint_of(key: &[u8]) -> Option<String> {
    let digest = match key.first()? {
        4 => {
            let mut hash = PackageHash::sha1();
            hash.add(&[0x99]);
            hash.add(&u16::try_from(key.len()).ok()?.to_be_bytes());
            hash.of(key)
        }
        version @ (5 | 6) => {
            let mark = if *version == 5 { 0x9a } else { 0x9b };
            let length = u32::try_from(key.len()).ok()?.to_be_bytes();
            digest_of(&[&[mark], &length[..], key].concat()).0.to_vec()
        }
        _ => return None,
    };
    Some(digest.iter().map(|byte| format!("{byte:02X}")).collect())
}

/// The kind and the body of the packet at the beginning of `rest`, which then begins after it.
fn next_packet<'b>(rest: &mut &'b [u8]) -> Option<(u8, &'b [u8])> {
    let (&first, tail) = rest.split_first()?;
    let (kind, length, tail) = match first {
        0xc0.. => {
            let (length, tail) = new_length(tail)?;
            (first & 0x3f, length, tail)
        }
        0x80.. => {
            let size = match first & 3 {
                size @ 0..=2 => 1 << size,
                _ => return None, // to the end of the file, which no key has
            };
            let (length, tail) = tail.split_at_checked(size)?;
            ((first >> 2) & 0xf, big_endian(length), tail)
        }
        _ => return None,
    };
    let (body, tail) = tail.split_at_checked(length)?;
    *rest = tail;
    Some((kind, body))
}

fn new_length(tail: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, tail) = tail.split_first()?;
    match first {
        0..=191 => Some((usize::from(first), tail)),
        192..=223 => {
            let (&second, tail) = tail.split_first()?;
            Some(((usize::from(first) - 192) * 256 + usize::from(second) + 192, tail))
        }
        255 => {
            let (length, tail) = tail.split_at_checked(4)?;
            Some((big_endian(length), tail))
        }
        _ => None, // in pieces, which no key has
    }
}

fn big_endian(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// The bytes of an armoured text: base64 between an empty line and the checksum.
fn dearmour(armoured: &str) -> Option<Vec<u8>> {
    let mut lines = armoured.lines().map(str::trim_end).skip_while(|line| !line.is_empty()).skip(1);
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for letter in lines.by_ref().take_while(|line| !line.starts_with(['=', '-'])).flat_map(str::bytes) {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn armoured(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digit = |chunk: &[u8], at: usize| {
            let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
            char::from(DIGITS[(bits >> (18 - 6 * at) & 63) as usize])
        };
        let text: String = bytes
            .chunks(3)
            .flat_map(|chunk| {
                (0..4).map(|at| if at <= chunk.len() { digit(chunk, at) } else { '=' }).collect::<Vec<_>>()
            })
            .collect();
        format!("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{text}\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n")
    }

    #[test]
    fn a_key_is_read_in_both_forms_of_packets() {
        let key = [4, 1, 2, 3, 4, 1];
        // SHA-1 of 99 00 06 and the key.
        let expected = {
            let mut hash = PackageHash::sha1();
            hash.add(&[0x99, 0, 6]);
            hash.of(&key).iter().map(|byte| format!("{byte:02X}")).collect::<String>()
        };
        let owner = Some("Ada <a@b>".to_owned());
        for bytes in [
            [&[0x98, 6][..], &key, &[0xb4, 9], b"Ada <a@b>"].concat(),
            [&[0xc6, 6][..], &key, &[0xc2, 2, 0, 0, 0xcd, 255, 0, 0, 0, 9], b"Ada <a@b>"].concat(),
        ] {
            let found = read_key(&armoured(&bytes)).unwrap();
            assert_eq!(found, KeyPackets { fingerprint: expected.clone(), owner: owner.clone() });
        }
    }

    #[test]
    fn what_is_no_key_is_not_read() {
        for bytes in [&b""[..], &[0x98, 6, 4], &[0xb4, 1, 65], &[0x98, 1, 9], &[0x12, 1], &[0xc6, 230, 4]] {
            assert_eq!(read_key(&armoured(bytes)), None, "{bytes:?}");
        }
        assert_eq!(read_key("nonsense"), None);
        assert_eq!(read_key("a\n\n!!!\n"), None);
    }
}
