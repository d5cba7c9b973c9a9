//! The tags of a package: their numbers, and the type that rpm gives to the value of each.

use std::fmt;

/// The number of a tag. Tags from 1000 on have another meaning in the signature header: see [`HeaderTag::signature_name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeaderTag(pub u32);

/// Names the tags that messages or code use, with their numbers in `rpmtag.h` of rpm.
macro_rules! tags {
    ($($name:ident = $number:literal),* $(,)?) => {
        #[expect(missing_docs, reason = "the names are rpm's, and rpm documents them")]
        impl HeaderTag {
            $(pub const $name: HeaderTag = HeaderTag($number);)*
        }
        const NAMES: &[(u32, &str)] = &[$(($number, stringify!($name))),*];
    };
}

tags! {
    HEADERIMAGE = 61, HEADERSIGNATURES = 62, HEADERIMMUTABLE = 63, HEADERI18NTABLE = 100,
    SIGSIZE = 257, SIGPGP = 259, SIGMD5 = 261, SIGGPG = 262, DSAHEADER = 267, RSAHEADER = 268, SHA1HEADER = 269,
    LONGSIGSIZE = 270, LONGARCHIVESIZE = 271, SHA256HEADER = 273, VERITYSIGNATURES = 276, VERITYSIGNATUREALGO = 277,
    OPENPGP = 278, SHA3_256HEADER = 279,
    NAME = 1000, VERSION = 1001, RELEASE = 1002, EPOCH = 1003, SUMMARY = 1004, DESCRIPTION = 1005, BUILDTIME = 1006,
    BUILDHOST = 1007, SIZE = 1009, VENDOR = 1011, LICENSE = 1014, PACKAGER = 1015, GROUP = 1016,
    SOURCE = 1018, PATCH = 1019, URL = 1020, ARCH = 1022,
    PREIN = 1023, POSTIN = 1024, PREUN = 1025, POSTUN = 1026, OLDFILENAMES = 1027, FILEMODES = 1030, FILELINKTOS = 1036,
    FILEFLAGS = 1037, FILEUSERNAME = 1039, FILEGROUPNAME = 1040, SOURCERPM = 1044, ARCHIVESIZE = 1046, PROVIDENAME = 1047,
    REQUIREFLAGS = 1048, REQUIRENAME = 1049, REQUIREVERSION = 1050, NOSOURCE = 1051, NOPATCH = 1052, CONFLICTFLAGS = 1053,
    CONFLICTNAME = 1054, CONFLICTVERSION = 1055, EXCLUDEARCH = 1059,
    EXCLUSIVEARCH = 1061, CHANGELOGTIME = 1080, CHANGELOGNAME = 1081, CHANGELOGTEXT = 1082,
    PREINPROG = 1085, POSTINPROG = 1086, PREUNPROG = 1087, POSTUNPROG = 1088, BUILDARCHS = 1089, OBSOLETENAME = 1090,
    SOURCEPACKAGE = 1106, PROVIDEFLAGS = 1112, PROVIDEVERSION = 1113, OBSOLETEFLAGS = 1114, OBSOLETEVERSION = 1115,
    DIRINDEXES = 1116, BASENAMES = 1117, DIRNAMES = 1118, PRETRANS = 1151, POSTTRANS = 1152, PRETRANSPROG = 1153,
    POSTTRANSPROG = 1154, OLDSUGGESTSNAME = 1156, OLDSUGGESTSVERSION = 1157, OLDSUGGESTSFLAGS = 1158,
    OLDENHANCESNAME = 1159, OLDENHANCESVERSION = 1160, OLDENHANCESFLAGS = 1161, LONGSIZE = 5009, RECOMMENDNAME = 5046,
    RECOMMENDVERSION = 5047, RECOMMENDFLAGS = 5048, SUGGESTNAME = 5049, SUGGESTVERSION = 5050, SUGGESTFLAGS = 5051,
    SUPPLEMENTNAME = 5052, SUPPLEMENTVERSION = 5053, SUPPLEMENTFLAGS = 5054, ENHANCENAME = 5055, ENHANCEVERSION = 5056,
    ENHANCEFLAGS = 5057, FILESIGNATURES = 5090, FILESIGNATURELENGTH = 5091, PAYLOADSHA256 = 5092,
    MODULARITYLABEL = 5096, PAYLOADSHA256ALT = 5097, PREUNTRANS = 5103, POSTUNTRANS = 5104, PREUNTRANSPROG = 5105, POSTUNTRANSPROG = 5106,
    PAYLOADSIZEALT = 5113, RPMFORMAT = 5114, PAYLOADSHA512 = 5121, PAYLOADSHA512ALT = 5122,
}

/// The tags of the signature header that have a number of a tag of the header.
pub mod signature {
    use super::HeaderTag;

    /// The bytes of header and payload, as a number of 32 bits.
    pub const SIZE: HeaderTag = HeaderTag(1000);
    /// An RSA signature of header and payload, of rpm before 4.
    pub const PGP: HeaderTag = HeaderTag(1002);
    /// The MD5 digest of header and payload.
    pub const MD5: HeaderTag = HeaderTag(1004);
    /// A DSA signature of header and payload, of rpm before 4.
    pub const GPG: HeaderTag = HeaderTag(1005);
    /// The bytes of the payload before compression, as a number of 32 bits.
    pub const PAYLOADSIZE: HeaderTag = HeaderTag(1007);
    /// Room for signatures.
    pub const RESERVEDSPACE: HeaderTag = HeaderTag(1008);
    /// The signatures of single files.
    pub const FILESIGNATURES: HeaderTag = HeaderTag(274);
    /// The length of each of them.
    pub const FILESIGNATURELENGTH: HeaderTag = HeaderTag(275);
    /// In packages of format 6, the last tag.
    pub const RESERVED: HeaderTag = HeaderTag(999);
}

impl HeaderTag {
    /// The name and number of a tag in the signature header, such as `MD5 (1004)`.
    pub fn signature_name(self) -> String {
        let name = match self {
            signature::SIZE => "SIZE",
            signature::PGP => "PGP",
            signature::MD5 => "MD5",
            signature::GPG => "GPG",
            signature::PAYLOADSIZE => "PAYLOADSIZE",
            signature::RESERVEDSPACE => "RESERVEDSPACE",
            HeaderTag(tag) if tag >= 1000 => return format!("tag {tag}"),
            tag => return tag.to_string(),
        };
        format!("{name} ({})", self.0)
    }

    /// The type that rpm gives to the value of this tag in a header; `None` if rpm does not know the tag.
    pub fn class(self) -> Option<TagClass> {
        let has = |ranges: &[(u32, u32)]| ranges.iter().any(|(first, last)| (*first..=*last).contains(&self.0));
        CLASSES.iter().find(|(_, ranges)| has(ranges)).map(|(class, _)| *class)
    }
}

/// `NAME (1000)`, or `tag 7000` for an unknown one.
impl fmt::Display for HeaderTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(number, _)| *number == self.0) {
            Some((number, name)) => write!(f, "{name} ({number})"),
            None => write!(f, "tag {}", self.0),
        }
    }
}

/// The kinds of values that rpm tells apart when it checks the type of a tag: one text and a list of texts are the same kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagClass {
    Char,
    Int16,
    Int32,
    Int64,
    Text,
    Binary,
}

/// The tags of each class, as ranges: the table in rpm's `rpmtag.h`. Tags that it marks as internal or as
/// unimplemented may have any type.
const CLASSES: &[(TagClass, &[(u32, u32)])] = &[
    (
        TagClass::Text,
        &[
            (100, 100),
            (266, 266),
            (269, 269),
            (273, 273),
            (276, 276),
            (278, 279),
            (1000, 1002),
            (1004, 1005),
            (1007, 1007),
            (1010, 1011),
            (1014, 1016),
            (1018, 1027),
            (1035, 1036),
            (1039, 1040),
            (1044, 1044),
            (1047, 1047),
            (1049, 1050),
            (1054, 1055),
            (1059, 1062),
            (1064, 1067),
            (1079, 1079),
            (1081, 1082),
            (1085, 1092),
            (1094, 1094),
            (1097, 1099),
            (1113, 1113),
            (1115, 1115),
            (1117, 1118),
            (1120, 1126),
            (1132, 1133),
            (1135, 1135),
            (1142, 1142),
            (1147, 1157),
            (1159, 1160),
            (1196, 1196),
            (5000, 5002),
            (5005, 5007),
            (5010, 5010),
            (5012, 5016),
            (5030, 5031),
            (5034, 5036),
            (5040, 5044),
            (5046, 5047),
            (5049, 5050),
            (5052, 5053),
            (5055, 5056),
            (5058, 5062),
            (5066, 5067),
            (5069, 5069),
            (5071, 5071),
            (5076, 5077),
            (5079, 5079),
            (5081, 5081),
            (5086, 5090),
            (5092, 5092),
            (5096, 5101),
            (5103, 5106),
            (5109, 5109),
            (5116, 5118),
            (5120, 5124),
        ],
    ),
    (
        TagClass::Int32,
        &[
            (257, 257),
            (277, 277),
            (1003, 1003),
            (1006, 1006),
            (1008, 1009),
            (1028, 1028),
            (1034, 1034),
            (1037, 1037),
            (1045, 1046),
            (1048, 1048),
            (1051, 1053),
            (1068, 1069),
            (1080, 1080),
            (1095, 1096),
            (1106, 1106),
            (1112, 1112),
            (1114, 1114),
            (1116, 1116),
            (1119, 1119),
            (1127, 1129),
            (1134, 1134),
            (1140, 1141),
            (1143, 1145),
            (1158, 1158),
            (1161, 1161),
            (1195, 1195),
            (5011, 5011),
            (5017, 5027),
            (5032, 5033),
            (5037, 5037),
            (5045, 5045),
            (5048, 5048),
            (5051, 5051),
            (5054, 5054),
            (5057, 5057),
            (5068, 5068),
            (5070, 5070),
            (5072, 5072),
            (5078, 5078),
            (5080, 5080),
            (5082, 5082),
            (5084, 5085),
            (5091, 5091),
            (5093, 5093),
            (5107, 5108),
            (5114, 5115),
            (5119, 5119),
        ],
    ),
    (TagClass::Int16, &[(1030, 1030), (1033, 1033)]),
    (TagClass::Binary, &[(259, 259), (261, 262), (267, 268), (1012, 1013), (1043, 1043), (1146, 1146)]),
    (TagClass::Int64, &[(270, 271), (5008, 5009), (5112, 5113)]),
    (TagClass::Char, &[(1029, 1029)]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_their_name_and_class() {
        assert_eq!(HeaderTag::NAME.to_string(), "NAME (1000)");
        assert_eq!(HeaderTag(7000).to_string(), "tag 7000");
        assert_eq!(signature::MD5.signature_name(), "MD5 (1004)");
        assert_eq!(HeaderTag::SHA1HEADER.signature_name(), "SHA1HEADER (269)");
        assert_eq!(HeaderTag(1001).signature_name(), "tag 1001");
        for (tag, class) in [
            (HeaderTag::EPOCH, Some(TagClass::Int32)),
            (HeaderTag::REQUIRENAME, Some(TagClass::Text)),
            (HeaderTag::FILEMODES, Some(TagClass::Int16)),
            (HeaderTag::LONGSIZE, Some(TagClass::Int64)),
            (HeaderTag(1031), None),
            (HeaderTag(70_000), None),
        ] {
            assert_eq!(tag.class(), class, "{tag}");
        }
    }

    #[test]
    fn no_tag_is_in_two_classes() {
        let ranges: Vec<(u32, u32)> = CLASSES.iter().flat_map(|(_, ranges)| ranges.iter().copied()).collect();
        for (index, (first, last)) in ranges.iter().enumerate() {
            assert!(first <= last);
            let others = ranges.iter().enumerate().filter(|(other, _)| *other != index);
            assert!(others.map(|(_, other)| other).all(|(from, to)| to < first || last < from), "{first}");
        }
    }
}
