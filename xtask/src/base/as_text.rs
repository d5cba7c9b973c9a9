//! Serde by the text of a type: the one that `Display` gives and `FromStr` takes.

/// Implements `Serialize` and `Deserialize` for types that have `Display` and `FromStr`.
///
/// `serde_as_text!(Dist, Arch)` is for types whose errors quote the text. Where they do not,
/// `serde_as_text!(Version as "version")` puts `` `x` is not a version; `` in front of the error.
macro_rules! serde_as_text {
    ($($name:ident),+) => {$(
        $crate::base::as_text::serde_as_text!(@serialize $name);
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                <String as ::serde::Deserialize>::deserialize(deserializer)?.parse().map_err(::serde::de::Error::custom)
            }
        }
    )+};
    ($name:ident as $noun:literal) => {
        $crate::base::as_text::serde_as_text!(@serialize $name);
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = <String as ::serde::Deserialize>::deserialize(deserializer)?;
                let refuse = |error| ::serde::de::Error::custom(format!(concat!("`{}` is not a ", $noun, "; {}"), text, error));
                text.parse().map_err(refuse)
            }
        }
    };
    (@serialize $name:ident) => {
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}
pub(crate) use serde_as_text;
