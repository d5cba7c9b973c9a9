//! Reading `gpg --with-colons --list-secret-keys`: one line for each key, subkey, fingerprint and name.
//!
//! The fields are described in `doc/DETAILS` of GnuPG. Of a key with subkeys gpg takes the newest that may sign; we name
//! that one in full, so that it is known whose creation a signature may not precede.

use crate::repository::sign::Fingerprint;

/// Why a listing has no key to sign with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// There is none at all.
    Absent,
    /// These are the primary keys.
    Many(Vec<Fingerprint>),
    /// Its secret part is elsewhere, on another machine.
    NoSecret,
    /// It is no longer valid: the word for it.
    Ended(&'static str),
    /// It may certify or encrypt, but not sign.
    NotForSigning,
}

/// The part of a key that signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Of the primary key.
    pub primary: Fingerprint,
    /// Of the key itself: the primary one or a subkey.
    pub signer: Fingerprint,
    /// When the younger of the two was created, in seconds since 1970.
    pub created: i64,
    /// Whether it is RSA, which is all that rpm of el8 and older is sure to know.
    pub rsa: bool,
}

/// A `sec` or `ssb` line with the fingerprint that follows.
struct Part {
    is_primary: bool,
    validity: char,
    rsa: bool,
    created: i64,
    can_sign: bool,
    has_secret: bool,
    fingerprint: Fingerprint,
}

/// The only key of a listing, and which of its parts signs.
pub fn parse_signer(listing: &str) -> Result<Signer, NoKey> {
    let parts = parse_parts(listing);
    let mut primaries = parts.iter().filter(|part| part.is_primary);
    let primary = primaries.next().ok_or(NoKey::Absent)?;
    if primaries.next().is_some() {
        let all = parts.iter().filter(|part| part.is_primary);
        return Err(NoKey::Many(all.map(|part| part.fingerprint.clone()).collect()));
    }
    if let Some(word) = ended(primary.validity) {
        return Err(NoKey::Ended(word));
    }
    let signers: Vec<&Part> = parts.iter().filter(|part| part.can_sign).collect();
    let valid: Vec<&Part> = signers.iter().filter(|part| ended(part.validity).is_none()).copied().collect();
    let of = |is_primary: bool| {
        let usable = valid.iter().filter(move |part| part.has_secret && part.is_primary == is_primary);
        usable.max_by_key(|part| part.created)
    };
    match (of(false).or_else(|| of(true)), signers.first(), valid.is_empty()) {
        (Some(part), ..) => Ok(Signer {
            primary: primary.fingerprint.clone(),
            signer: part.fingerprint.clone(),
            created: part.created.max(primary.created),
            rsa: part.rsa,
        }),
        (None, None, _) => Err(NoKey::NotForSigning),
        (None, Some(part), true) => Err(NoKey::Ended(ended(part.validity).unwrap_or("no longer valid"))),
        (None, Some(_), false) => Err(NoKey::NoSecret),
    }
}

fn parse_parts(listing: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut open = None;
    for line in listing.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let field = |number: usize| fields.get(number - 1).copied().unwrap_or_default();
        match field(1) {
            kind @ ("sec" | "ssb") => {
                open = Some(Part {
                    is_primary: kind == "sec",
                    validity: field(2).chars().next().unwrap_or('-'),
                    rsa: field(4) == "1",
                    created: field(6).parse().unwrap_or_default(),
                    can_sign: field(12).contains('s'),
                    has_secret: field(15) != "#",
                    fingerprint: Fingerprint(String::new()),
                });
            }
            // A fingerprint belongs to the line before it; of names there may be many, and they do not matter.
            "fpr" => parts.extend(open.take().map(|part| Part { fingerprint: Fingerprint(field(10).into()), ..part })),
            _ => (),
        }
    }
    parts
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

    fn listing(lines: &[&str]) -> Result<Signer, NoKey> {
        parse_signer(&lines.join("\n"))
    }

    fn print(text: &str) -> Fingerprint {
        Fingerprint(text.to_owned())
    }

    #[test]
    fn a_key_without_subkeys() {
        let key = listing(&[
            "sec:u:3072:1:63D7:1795525386:::u:::scSC:::+:::23::0:",
            "fpr:::::::::47A5:",
            "grp:::::::::502C:",
        ]);
        let expected = Signer { primary: print("47A5"), signer: print("47A5"), created: 1_795_525_386, rsa: true };
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
        assert_eq!(key, Ok(Signer { primary: print("AA"), signer: print("CC"), created: 2000, rsa: false }));
    }

    #[test]
    fn a_secret_on_a_card_is_one() {
        let card = listing(&["sec:u:3072:1:63D7:9:::u:::scSC:::D276000124010304:::23::0:", "fpr:::::::::AA:"]);
        assert_eq!(card.unwrap().signer, print("AA"));
    }

    #[test]
    fn why_there_is_none() {
        let sec = |validity: &str, uses: &str, secret: &str| {
            format!("sec:{validity}:255:22:1:9:::u:::{uses}:::{secret}::::\nfpr:::::::::AA:\n")
        };
        for (text, why) in [
            (String::new(), NoKey::Absent),
            (sec("u", "scSC", "+") + &sec("u", "scSC", "+"), NoKey::Many(vec![print("AA"), print("AA")])),
            (sec("u", "scSC", "#"), NoKey::NoSecret),
            (sec("e", "scSC", "+"), NoKey::Ended("expired")),
            (sec("r", "scSC", "+"), NoKey::Ended("revoked")),
            (sec("u", "cC", "+"), NoKey::NotForSigning),
            (sec("u", "cS", "+") + "ssb:e:255:22:5:9::::::s:::+::::\nfpr:::::::::BB:\n", NoKey::Ended("expired")),
        ] {
            assert_eq!(parse_signer(&text), Err(why), "{text}");
        }
    }
}
