//! Parses the output of `gpg --with-colons --list-secret-keys` and `--list-keys`: one line for each key, subkey, fingerprint and
//! name.
//!
//! `doc/DETAILS` of GnuPG describes the fields. If a key has subkeys, gpg signs with the newest that can sign. The same subkey
//! is chosen here, because no signature may be older than the key that made it.

use crate::base::text::one_line;
use crate::repository::sign::{Fingerprint, KeyName};

/// Why a listing has no key to sign with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// There is no key.
    Absent,
    /// There are several primary keys.
    Many(Vec<KeyName>),
    /// The secret part is missing.
    NoSecret,
    /// The key is not valid: "expired", "revoked", ... or [`FUTURE`].
    Ended(&'static str),
    /// The key can certify or encrypt, but not sign.
    NotForSigning,
}

/// Why gpg calls a key invalid that was made later than its clock says.
pub const FUTURE: &str = "from the future";

/// The primary key or subkey that signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The fingerprint of the primary key.
    pub primary: Fingerprint,
    /// The user id; `None` if it has none.
    pub owner: Option<String>,
    /// The fingerprint of the signing key: the primary key or a subkey.
    pub signer: Fingerprint,
    /// The time at which the newer of the two was created, in seconds since 1970.
    pub created: i64,
    /// The time at which the first of the two expires, in seconds since 1970; `None` if neither expires.
    pub expires: Option<i64>,
    /// Whether the signing key is an RSA key.
    pub rsa: bool,
}

/// A primary key with its subkeys, as a public listing has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    /// The fingerprint of the primary key.
    pub primary: Fingerprint,
    /// The user id; `None` if it has none.
    pub owner: Option<String>,
    /// The fingerprints of the primary key and of all subkeys.
    pub parts: Vec<Fingerprint>,
    /// The time at which the key can sign no more, in seconds since 1970; `None` if it does not expire.
    pub expires: Option<i64>,
    /// Whether each part that can sign is an RSA key.
    pub rsa: bool,
    /// Why the key cannot sign any more by the clock of gpg.
    pub ended: Option<&'static str>,
}

/// A `sec`, `ssb`, `pub` or `sub` line with the fingerprint from the next line.
struct KeyPart {
    is_primary: bool,
    validity: char,
    rsa: bool,
    created: i64,
    expires: Option<i64>,
    can_sign: bool,
    has_secret: bool,
    fingerprint: Fingerprint,
    /// The first user id that is valid; `None` for a subkey.
    owner: Option<String>,
}

impl KeyPart {
    /// Why the part cannot sign; `now` is in seconds since 1970.
    fn ended(&self, now: i64) -> Option<&'static str> {
        if self.validity == 'i' && self.created > now { Some(FUTURE) } else { ended(self.validity) }
    }

    fn name(&self) -> KeyName {
        KeyName { fingerprint: self.fingerprint.clone(), owner: self.owner.clone() }
    }
}

impl ListedKey {
    /// The key as messages name it.
    pub fn name(&self) -> KeyName {
        KeyName { fingerprint: self.primary.clone(), owner: self.owner.clone() }
    }
}

/// Finds the signing key in a listing with one primary key; `now` is the time of the listing, in seconds since 1970.
pub fn parse_signer(listing: &str, now: i64) -> Result<Signer, NoKey> {
    let parts = parse_parts(listing);
    let mut primaries = parts.iter().filter(|part| part.is_primary);
    let primary = primaries.next().ok_or(NoKey::Absent)?;
    if primaries.next().is_some() {
        let all = parts.iter().filter(|part| part.is_primary);
        return Err(NoKey::Many(all.map(KeyPart::name).collect()));
    }
    if let Some(word) = primary.ended(now) {
        return Err(NoKey::Ended(word));
    }
    let signers: Vec<&KeyPart> = parts.iter().filter(|part| part.can_sign).collect();
    let valid: Vec<&KeyPart> = signers.iter().filter(|part| part.ended(now).is_none()).copied().collect();
    let of = |is_primary: bool| {
        let usable = valid.iter().filter(move |part| part.has_secret && part.is_primary == is_primary);
        usable.max_by_key(|part| part.created)
    };
    match (of(false).or_else(|| of(true)), signers.first(), valid.is_empty()) {
        (Some(part), ..) => Ok(Signer {
            primary: primary.fingerprint.clone(),
            owner: primary.owner.clone(),
            signer: part.fingerprint.clone(),
            created: part.created.max(primary.created),
            expires: part.expires.into_iter().chain(primary.expires).min(),
            rsa: part.rsa,
        }),
        (None, None, _) => Err(NoKey::NotForSigning),
        (None, Some(part), true) => Err(NoKey::Ended(part.ended(now).unwrap_or("no longer valid"))),
        (None, Some(_), false) => Err(NoKey::NoSecret),
    }
}

/// The keys in a listing of public keys, in its order; `now` is the time of the listing, in seconds since 1970.
pub fn parse_public(listing: &str, now: i64) -> Vec<ListedKey> {
    let mut keys: Vec<Vec<KeyPart>> = Vec::new();
    for part in parse_parts(listing) {
        match keys.last_mut() {
            Some(parts) if !part.is_primary => parts.push(part),
            _ => keys.push(vec![part]),
        }
    }
    keys.iter().map(|parts| list_key(parts, now)).collect()
}

fn list_key(parts: &[KeyPart], now: i64) -> ListedKey {
    let primary = &parts[0];
    let signers = || parts.iter().filter(|part| part.can_sign);
    let valid = || signers().filter(|part| part.ended(now).is_none());
    // The key signs for as long as one of its parts does, and no longer than the primary key.
    let last =
        if valid().any(|part| part.expires.is_none()) { None } else { valid().filter_map(|it| it.expires).max() };
    let gone = if valid().next().is_none() { signers().find_map(|part| part.ended(now)) } else { None };
    ListedKey {
        primary: primary.fingerprint.clone(),
        owner: primary.owner.clone(),
        parts: parts.iter().map(|part| part.fingerprint.clone()).collect(),
        expires: last.into_iter().chain(primary.expires).min(),
        rsa: signers().all(|part| part.rsa),
        ended: primary.ended(now).or(gone),
    }
}

fn parse_parts(listing: &str) -> Vec<KeyPart> {
    let mut parts = Vec::new();
    let mut open = None;
    for line in listing.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let field = |number: usize| fields.get(number - 1).copied().unwrap_or_default();
        match field(1) {
            kind @ ("sec" | "ssb" | "pub" | "sub") => {
                open = Some(KeyPart {
                    is_primary: kind == "sec" || kind == "pub",
                    validity: field(2).chars().next().unwrap_or('-'),
                    rsa: field(4) == "1",
                    created: field(6).parse().unwrap_or_default(),
                    expires: field(7).parse().ok(),
                    can_sign: field(12).contains('s'),
                    has_secret: field(15) != "#",
                    fingerprint: Fingerprint(String::new()),
                    owner: None,
                });
            }
            // A fingerprint belongs to the key line before it, and a user id to the primary key, whose lines come first.
            "fpr" => {
                if let Some(mut part) = open.take() {
                    part.fingerprint = Fingerprint(field(10).to_owned());
                    parts.push(part);
                }
            }
            "uid" if ended(field(2).chars().next().unwrap_or('-')).is_none() => {
                if let Some(primary) = parts.last_mut().filter(|part| part.is_primary && part.owner.is_none()) {
                    let owner = one_line(&unescape(field(10))).replace('`', "'");
                    primary.owner = (!owner.is_empty()).then_some(owner);
                }
            }
            _ => {}
        }
    }
    parts
}

/// The text of a field, in which gpg writes a colon and what steers a terminal as `\x3a`.
fn unescape(field: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), field);
    while let Some(at) = rest.find("\\x") {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let digits = rest.get(at + 2..at + 4);
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[at + 4..];
            }
            None => {
                bytes.extend_from_slice(b"\\x");
                rest = &rest[at + 2..];
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

fn ended(validity: char) -> Option<&'static str> {
    match validity {
        'e' => Some("expired"),
        'r' => Some("revoked"),
        'd' => Some("disabled"),
        'i' => Some("invalid"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_600_000;

    fn listing(lines: &[&str]) -> Result<Signer, NoKey> {
        parse_signer(&lines.join("\n"), NOW)
    }

    fn print(text: &str) -> Fingerprint {
        Fingerprint(text.to_owned())
    }

    fn name(text: &str) -> KeyName {
        KeyName { fingerprint: print(text), owner: None }
    }

    #[test]
    fn the_owner_is_the_first_user_id_that_is_valid() {
        let owner = |ids: &[&str]| {
            let ids: String = ids.iter().map(|id| format!("uid:{id}::::::::::0:\n")).collect();
            let key = "pub:u:255:22:1:9:::u:::scSC:::+::::\nfpr:::::::::AA:\n";
            let sub = "sub:u:255:22:2:9::::::s:::+::::\nfpr:::::::::BB:\nuid:u::::9::E::of no key::::::::::0:\n";
            parse_public(&format!("{key}{ids}{sub}"), NOW)[0].owner.clone()
        };
        assert_eq!(owner(&[]), None);
        assert_eq!(owner(&["r::::9::E::A <a@b>", "u::::9::E::B <b@b>", "u::::9::E::C <c@b>"]).unwrap(), "B <b@b>");
        assert_eq!(owner(&["u::::9::E::A\\x3a \\x1b[31m`b`\\xzz \u{202e}c"]).unwrap(), "A: [31m'b'\\xzz c");
    }

    #[test]
    fn a_key_without_subkeys() {
        let key = listing(&[
            "sec:u:3072:1:63D7:1795525386:::u:::scSC:::+:::23::0:",
            "fpr:::::::::47A5:",
            "grp:::::::::502C:",
        ]);
        let expected = Signer {
            primary: print("47A5"),
            owner: None,
            signer: print("47A5"),
            created: 1_795_525_386,
            expires: None,
            rsa: true,
        };
        assert_eq!(key, Ok(expected));
    }

    #[test]
    fn the_newest_subkey_that_can_signs() {
        let key = listing(&[
            "sec:u:3072:1:63D7:900:::u:::cSCE:::#:::23::0:",
            "fpr:::::::::AA:",
            "uid:u::::1795525386::EC07::T <rsa@example.org>::::::::::0:",
            "ssb:u:255:22:5615:1000::::::s:::+::ed25519::",
            "fpr:::::::::BB:",
            "ssb:u:255:22:5616:2000::::::s:::+::ed25519::",
            "fpr:::::::::CC:",
            "ssb:e:255:22:5617:3000::::::s:::+::ed25519::",
            "fpr:::::::::DD:",
            "ssb:u:255:22:5618:4000::::::e:::+::cv25519::",
            "fpr:::::::::EE:",
            "ssb:u:255:22:5619:5000::::::s:::#::ed25519::",
            "fpr:::::::::FF:",
        ]);
        assert_eq!(
            key,
            Ok(Signer {
                primary: print("AA"),
                owner: Some("T <rsa@example.org>".to_owned()),
                signer: print("CC"),
                created: 2000,
                expires: None,
                rsa: false
            })
        );
    }

    #[test]
    fn a_key_ends_with_the_first_of_primary_key_and_signing_subkey() {
        let sec = |primary: &str, subkey: &str| {
            format!(
                "sec:u:255:22:1:9:{primary}::u:::scSC:::+::::\nfpr:::::::::AA:\n\
                 ssb:u:255:22:2:9:{subkey}:::::s:::+::::\nfpr:::::::::BB:\n"
            )
        };
        let secret = |primary: &str, subkey: &str| parse_signer(&sec(primary, subkey), NOW).unwrap().expires;
        assert_eq!([secret("", ""), secret("50", ""), secret("50", "40")], [None, Some(50), Some(40)]);
        let public = |text: &str| parse_public(&text.replace("sec:", "pub:").replace("ssb:", "sub:"), NOW);
        let [key] = &public(&sec("50", "40"))[..] else { panic!("not one key") };
        assert_eq!((&key.primary, key.parts.len(), key.expires, key.ended), (&print("AA"), 2, Some(50), None));
        let two = public(&(sec("", "40") + &sec("", "").replace("sec:u:255:22", "sec:e:255:1")));
        assert_eq!([two[0].expires, two[1].expires], [None, None]);
        assert_eq!([two[0].ended, two[1].ended], [None, Some("expired")]);
        assert_eq!([two[0].rsa, two[1].rsa], [false, false]);
    }

    #[test]
    fn a_secret_key_on_a_card_can_sign() {
        let card = listing(&["sec:u:3072:1:63D7:9:::u:::scSC:::D276000124010304:::23::0:", "fpr:::::::::AA:"]);
        assert_eq!(card.unwrap().signer, print("AA"));
    }

    #[test]
    fn each_reason_without_a_signing_key() {
        let sec = |validity: &str, uses: &str, secret: &str| {
            format!("sec:{validity}:255:22:1:9:::u:::{uses}:::{secret}::::\nfpr:::::::::AA:\n")
        };
        for (text, why) in [
            (String::new(), NoKey::Absent),
            (sec("u", "scSC", "+") + &sec("u", "scSC", "+"), NoKey::Many(vec![name("AA"), name("AA")])),
            (sec("u", "scSC", "#"), NoKey::NoSecret),
            (sec("e", "scSC", "+"), NoKey::Ended("expired")),
            (sec("r", "scSC", "+"), NoKey::Ended("revoked")),
            (sec("i", "scSC", "+"), NoKey::Ended("invalid")),
            (sec("i", "esca", "+").replace(":1:9:", ":1:2000000000:"), NoKey::Ended(FUTURE)),
            (sec("u", "cC", "+"), NoKey::NotForSigning),
            (sec("u", "cS", "+") + "ssb:e:255:22:5:9::::::s:::+::::\nfpr:::::::::BB:\n", NoKey::Ended("expired")),
        ] {
            assert_eq!(parse_signer(&text, NOW), Err(why), "{text}");
        }
    }
}
