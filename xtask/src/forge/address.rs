//! Addresses of a forge: their origin, their parts, and the links from page to page.

/// The scheme, host and port of an address, in small letters: `https://api.github.com`. Two addresses with the same origin are of one service.
pub fn origin(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    format!("{scheme}://{host}").to_ascii_lowercase()
}

/// A part of a path or of a query: all but letters, digits and `-._~` is encoded.
pub fn encoded(part: &str) -> String {
    let mut encoded = String::new();
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The address that a `Location` header leads to from the address of the request.
pub fn redirect_target(from: &str, location: &str) -> String {
    match location {
        _ if location.contains("://") => location.to_owned(),
        _ if location.starts_with("//") => format!("{}:{location}", from.split(':').next().unwrap_or_default()),
        _ if location.starts_with('/') => format!("{}{location}", origin(from)),
        _ => format!(
            "{}/{location}",
            from.split('?').next().unwrap_or_default().rsplit_once('/').map_or("", |(up, _)| up)
        ),
    }
}

/// The address of the next page in a `Link` header (RFC 8288): `<https://…?page=2>; rel="next", <…>; rel="last"`.
pub fn next_page(link: &str) -> Option<&str> {
    let mut rest = link;
    while let Some((url, after)) = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')) {
        // The parameters end where the next link begins; an address may contain a comma.
        let parameters = after.split('<').next().unwrap_or_default();
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            let value = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel") && value.split(' ').any(|word| word.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(url);
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_ends_at_the_host() {
        for (url, expected) in [
            ("https://API.github.com/repos?x#y", "https://api.github.com"),
            ("http://127.0.0.1:80", "http://127.0.0.1:80"),
            ("https://a.org\\@b.org/", "https://a.org"),
            ("https://a.org@b.org/", "https://a.org@b.org"),
            ("a/b", "://a"),
        ] {
            assert_eq!(origin(url), expected);
        }
    }

    #[test]
    fn a_part_of_a_path_stays_one_part() {
        assert_eq!(encoded("needs review/100%?é"), "needs%20review%2F100%25%3F%C3%A9");
        assert_eq!(encoded("a-b_c.d~1"), "a-b_c.d~1");
    }

    #[test]
    fn a_redirect_leads_where_the_header_says() {
        let from = "https://a.org/repos/x?page=1";
        for (location, expected) in [
            ("https://b.org/y", "https://b.org/y"),
            ("//b.org/y", "https://b.org/y"),
            ("/y?z", "https://a.org/y?z"),
            ("y", "https://a.org/repos/y"),
        ] {
            assert_eq!(redirect_target(from, location), expected);
        }
    }

    #[test]
    fn the_next_page_is_the_one_with_that_relation() {
        for (link, expected) in [
            ("<https://a/?page=1>; rel=\"prev\", <https://a/?page=3>; rel=\"next\"", Some("https://a/?page=3")),
            ("<https://a/?b=1,2>; title=\"x\"; rel=next", Some("https://a/?b=1,2")),
            ("<https://a/?page=3>; rel=\"last next\"", Some("https://a/?page=3")),
            ("<https://a/?page=3>; rel=\"last\"", None),
            ("<https://a/?rel=next>; rel=\"last\"", None),
            ("https://a; rel=\"next\"", None),
            ("<https://a", None),
            ("", None),
        ] {
            assert_eq!(next_page(link), expected, "{link}");
        }
    }
}
