//! The shape of a type, by what it asks a deserializer for: one run for each key, so that the checks of other keys do not matter.

use std::cell::RefCell;
use std::fmt;

use releng::history::lint::RULES;
use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess, Visitor};

/// What a value may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Flag,
    /// A whole number, with its lowest value.
    Whole(u64),
    Text,
    /// One of these words.
    Choice(Vec<&'static str>),
    List(Box<Shape>),
    /// A table with these keys.
    Table(Vec<(&'static str, Shape)>),
    /// A table whose keys the user chooses.
    Named(Box<Shape>),
    Either(Vec<Shape>),
}

/// A step from a value to one in it.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Into the value of this key of a table.
    Key(&'static str),
    Element,
}

/// What a type asked for at the end of a path.
#[derive(Clone, Debug)]
enum Seen {
    Flag,
    Whole(u64),
    Text,
    Choice(&'static [&'static str]),
    List,
    Named,
    Table(&'static [&'static str]),
    /// It decides by the kind of value that it gets.
    Any,
}

/// A value that is given to a type that takes any.
#[derive(Clone, Copy, Debug)]
enum Probe {
    Flag,
    Whole,
    Text,
    List,
}

/// The shape of a type.
pub fn shape_of<T: for<'de> Deserialize<'de>>() -> Shape {
    shape_at::<T>(&[])
}

fn shape_at<T: for<'de> Deserialize<'de>>(path: &[Step]) -> Shape {
    let below = |step: Step| shape_at::<T>(&[path, &[step]].concat());
    match look::<T>(path, None).0.unwrap_or_else(|| panic!("nothing was asked for at {path:?}")) {
        Seen::Flag => Shape::Flag,
        Seen::Whole(least) => Shape::Whole(least),
        Seen::Text => Shape::Text,
        Seen::Choice(words) => Shape::Choice(words.to_vec()),
        Seen::List => Shape::List(Box::new(below(Step::Element))),
        Seen::Table(keys) => Shape::Table(keys.iter().map(|key| (*key, below(Step::Key(key)))).collect()),
        // The name fits for a dist and for a macro; the names of rules are a list.
        Seen::Named if look::<T>(&[path, &[Step::Key("el9")]].concat(), None).0.is_some() => {
            Shape::Named(Box::new(below(Step::Key("el9"))))
        }
        Seen::Named => Shape::Table(RULES.iter().map(|rule| (rule.name, below(Step::Key(rule.name)))).collect()),
        Seen::Any => {
            let kinds = [(Probe::Flag, Shape::Flag), (Probe::Whole, Shape::Whole(0)), (Probe::Text, Shape::Text)];
            let mut shapes: Vec<Shape> =
                kinds.into_iter().filter(|(probe, _)| takes::<T>(path, *probe)).map(|(_, shape)| shape).collect();
            if takes::<T>(path, Probe::List) {
                shapes.push(Shape::List(Box::new(below(Step::Element))));
            }
            Shape::Either(shapes)
        }
    }
}

/// Whether a type that takes any kind of value takes this one. It may refuse the value for what it is, not for its kind.
fn takes<T: for<'de> Deserialize<'de>>(path: &[Step], probe: Probe) -> bool {
    let refused = |why: &str| ["invalid type", "data did not match"].iter().any(|begin| why.starts_with(begin));
    look::<T>(path, Some(probe)).1.is_none_or(|why| !refused(&why))
}

/// What the type asks for at the end of a path, and the error that ended the run.
fn look<T: for<'de> Deserialize<'de>>(path: &[Step], probe: Option<Probe>) -> (Option<Seen>, Option<String>) {
    let seen = RefCell::new(None);
    let error = T::deserialize(Place { path, seen: &seen, probe }).err();
    (seen.into_inner(), error.map(|Stop(why)| why))
}

/// The error that ends a run.
#[derive(Debug)]
struct Stop(String);

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Stop {}

impl serde::de::Error for Stop {
    fn custom<T: fmt::Display>(message: T) -> Stop {
        Stop(message.to_string())
    }
}

/// A place in the value: the rest of the path to the one that is looked at.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a [Step],
    seen: &'a RefCell<Option<Seen>>,
    probe: Option<Probe>,
}

impl<'a> Place<'a> {
    fn stop<T>(&self, seen: Seen) -> Result<T, Stop> {
        assert!(self.path.is_empty(), "the path goes on at a plain value: {:?}", self.path);
        *self.seen.borrow_mut() = Some(seen);
        Err(Stop("the shape is known".to_owned()))
    }

    fn enter(&self) -> Option<(Step, Place<'a>)> {
        let (step, path) = self.path.split_first()?;
        Some((*step, Place { path, ..*self }))
    }
}

macro_rules! plain {
    ($($method:ident => $seen:expr),+ $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Stop> {
            self.stop($seen)
        }
    )+};
}

macro_rules! whole {
    ($($method:ident),+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
            let expected = (&visitor as &dyn Expected).to_string();
            self.stop(Seen::Whole(u64::from(expected.contains("nonzero"))))
        }
    )+};
}

macro_rules! never {
    ($($method:ident),+) => {$(
        fn $method<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Stop> {
            unimplemented!(concat!("no key asks by ", stringify!($method)))
        }
    )+};
}

impl<'de> Deserializer<'de> for Place<'_> {
    type Error = Stop;

    plain!(deserialize_bool => Seen::Flag, deserialize_str => Seen::Text, deserialize_string => Seen::Text);
    whole!(deserialize_u8, deserialize_u16, deserialize_u32, deserialize_u64);
    never!(
        deserialize_i8,
        deserialize_i16,
        deserialize_i32,
        deserialize_i64,
        deserialize_f32,
        deserialize_f64,
        deserialize_char,
        deserialize_bytes,
        deserialize_byte_buf,
        deserialize_unit,
        deserialize_identifier,
        deserialize_ignored_any
    );

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match (self.enter(), self.probe) {
            (Some((Step::Element, place)), _) => visitor.visit_seq(One(Some(place))),
            (None, Some(Probe::Flag)) => visitor.visit_bool(true),
            (None, Some(Probe::Whole)) => visitor.visit_u64(1),
            (None, Some(Probe::Text)) => visitor.visit_str("x"),
            (None, Some(Probe::List)) => visitor.visit_seq(One(None)),
            _ => self.stop(Seen::Any),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &str, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.enter() {
            Some((Step::Element, place)) => visitor.visit_seq(One(Some(place))),
            _ => self.stop(Seen::List),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.enter() {
            Some((Step::Key(name), place)) => visitor.visit_map(Entry { name: Some(name), place }),
            _ => self.stop(Seen::Named),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &str,
        keys: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        match self.enter() {
            Some((Step::Key(name), place)) => visitor.visit_map(Entry { name: Some(name), place }),
            _ => self.stop(Seen::Table(keys)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &str,
        words: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Stop> {
        self.stop(Seen::Choice(words))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &str, _visitor: V) -> Result<V::Value, Stop> {
        unimplemented!("no key is a `{name}`")
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, _visitor: V) -> Result<V::Value, Stop> {
        unimplemented!("no key is a tuple")
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &str,
        _length: usize,
        _visitor: V,
    ) -> Result<V::Value, Stop> {
        unimplemented!("no key is a `{name}`")
    }
}

/// A list with one element or none.
struct One<'a>(Option<Place<'a>>);

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Stop> {
        self.0.take().map(|place| seed.deserialize(place)).transpose()
    }
}

/// A table with one key, which is taken by the first question.
struct Entry<'a> {
    name: Option<&'static str>,
    place: Place<'a>,
}

impl<'de> MapAccess<'de> for Entry<'_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Stop> {
        let name: Option<StrDeserializer<'_, Stop>> = self.name.take().map(IntoDeserializer::into_deserializer);
        name.map(|name| seed.deserialize(name)).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Stop> {
        seed.deserialize(self.place)
    }
}
