//! How serde's data model becomes JSON: the same that `serde_json` makes of it.

use std::fmt::Display;

use serde::ser::{self, Error as _, Serialize};
use serde_json::Error;

use super::page::{Bracket, Page};

type Result<T = ()> = std::result::Result<T, Error>;

/// Writes one value.
pub(super) struct Value<'p, 'a>(pub(super) &'p mut Page<'a>);

/// Writes the members of an array or object.
pub(super) struct Members<'p, 'a> {
    page: &'p mut Page<'a>,
    bracket: Bracket,
    is_empty: bool,
    /// An object around it ends with it.
    is_variant: bool,
}

impl<'p, 'a> Value<'p, 'a> {
    fn members(self, bracket: Bracket) -> Members<'p, 'a> {
        self.0.open(bracket);
        Members { page: self.0, bracket, is_empty: true, is_variant: false }
    }

    /// The members of what is the only value, by the name of a variant, of an object.
    fn variant(self, name: &'static str, bracket: Bracket) -> Result<Members<'p, 'a>> {
        let mut outer = self.members(Bracket::Object);
        outer.key(name)?;
        Ok(Members { is_variant: true, ..Value(outer.page).members(bracket) })
    }
}

impl Members<'_, '_> {
    /// Begins a member.
    fn next(&mut self) -> Result {
        self.page.member(self.is_empty).map_err(Error::io)?;
        self.is_empty = false;
        Ok(())
    }

    fn key(&mut self, name: &'static str) -> Result {
        self.next()?;
        self.page.name(name);
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        value.serialize(Value(self.page))
    }

    fn close(self) -> Result {
        self.page.close(self.bracket, self.is_empty);
        if self.is_variant {
            self.page.close(Bracket::Object, false);
        }
        Ok(())
    }
}

macro_rules! numbers {
    ($($method:ident $number:ty),*) => {
        $(fn $method(self, number: $number) -> Result {
            self.0.number(number)
        })*
    };
}

impl<'p, 'a> ser::Serializer for Value<'p, 'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Members<'p, 'a>;
    type SerializeTuple = Members<'p, 'a>;
    type SerializeTupleStruct = Members<'p, 'a>;
    type SerializeTupleVariant = Members<'p, 'a>;
    type SerializeMap = Members<'p, 'a>;
    type SerializeStruct = Members<'p, 'a>;
    type SerializeStructVariant = Members<'p, 'a>;

    numbers!(serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128);
    numbers!(serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128);
    numbers!(serialize_f32 f32, serialize_f64 f64);

    fn serialize_bool(self, value: bool) -> Result {
        self.0.plain(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result {
        self.0.string(value);
        Ok(())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result {
        self.0.shown(value).map_err(Error::custom)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result {
        self.0.plain(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result {
        let mut object = self.members(Bracket::Object);
        object.key(variant)?;
        object.value(value)?;
        object.close()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq> {
        Ok(self.members(Bracket::Array))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple> {
        Ok(self.members(Bracket::Array))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct> {
        Ok(self.members(Bracket::Array))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        self.variant(variant, Bracket::Array)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap> {
        Ok(self.members(Bracket::Object))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct> {
        Ok(self.members(Bracket::Object))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant> {
        self.variant(variant, Bracket::Object)
    }
}

macro_rules! values {
    ($($kind:ident $method:ident),*) => {
        $(impl ser::$kind for Members<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
                self.next()?;
                self.value(value)
            }

            fn end(self) -> Result {
                self.close()
            }
        })*
    };
}

values!(SerializeSeq serialize_element, SerializeTuple serialize_element);
values!(SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field);

macro_rules! fields {
    ($($kind:ident),*) => {
        $(impl ser::$kind for Members<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result {
                self.key(key)?;
                self.value(value)
            }

            fn end(self) -> Result {
                self.close()
            }
        })*
    };
}

fields!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Members<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result {
        self.next()?;
        if !self.page.is_string(|page| key.serialize(Value(page)))? {
            return Err(Error::custom("a key of JSON is a text"));
        }
        self.page.colon();
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        self.value(value)
    }

    fn end(self) -> Result {
        self.close()
    }
}
