use syn::{
    DeriveInput, Error, Field as Source, FieldsNamed, GenericArgument, Ident, PathArguments, Result, Type,
    spanned::Spanned,
};

use crate::{attributes, attributes::TagName, gate::Gate};

/// A struct with its annotations.
pub(crate) struct Structure {
    pub(crate) name: Ident,
    pub(crate) tag: Option<TagName>,
    pub(crate) open: bool,
    pub(crate) fields: Vec<Field>,
    /// The field that takes the items for which there is no field.
    pub(crate) unknown: Option<Ident>,
}

/// A field with its annotations.
pub(crate) struct Field {
    pub(crate) name: Ident,
    /// The type of one value.
    pub(crate) value: Type,
    pub(crate) presence: Presence,
    pub(crate) place: Place,
    pub(crate) gate: Gate,
    pub(crate) required: Option<Gate>,
    pub(crate) single: Option<Gate>,
    pub(crate) decides: bool,
    /// The number of the field, from 1.
    pub(crate) slot: u16,
}

/// How often a field stands there.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Presence {
    Required,
    Optional,
    Repeated,
}

/// How a field is found.
pub(crate) enum Place {
    Tag(TagName),
    ByTag,
}

impl Structure {
    pub(crate) fn parse(input: &DeriveInput, fields: &FieldsNamed) -> Result<Self> {
        let mut parsed =
            Self { name: input.ident.clone(), tag: None, open: false, fields: Vec::new(), unknown: None };
        let mut gate = Gate::default();
        attributes::each(&input.attrs, |meta| {
            if meta.path.is_ident("tag") {
                parsed.tag = Some(TagName::parse(&meta)?);
            } else if meta.path.is_ident("open") {
                parsed.open = true;
            } else if !gate.take(&meta)? {
                return Err(meta.error("expected `tag`, `since`, `until` or `open`"));
            }
            Ok(())
        })?;
        for field in &fields.named {
            parsed.field(field)?;
        }
        Ok(parsed)
    }

    fn field(&mut self, source: &Source) -> Result<()> {
        let Some(name) = source.ident.clone() else { return Ok(()) };
        let (presence, value) = presence(&source.ty);
        let slot = u16::try_from(self.fields.len() + 1).unwrap_or(u16::MAX);
        // Which fields were seen is kept in 64 bits, of which the lowest stands for the structure's start.
        if slot > 62 {
            return Err(Error::new_spanned(source, "a structure has at most 62 fields"));
        }
        let (mut gate, mut tag, mut by_tag) = (Gate::default(), None, false);
        let (mut required, mut single, mut decides, mut unknown) = (None, None, false, false);
        attributes::each(&source.attrs, |meta| {
            if meta.path.is_ident("tag") {
                tag = Some(TagName::parse(&meta)?);
            } else if meta.path.is_ident("by_tag") {
                by_tag = true;
            } else if meta.path.is_ident("required") {
                required = Some(Gate::parse_optional(&meta)?);
            } else if meta.path.is_ident("single") {
                single = Some(Gate::parse_optional(&meta)?);
            } else if meta.path.is_ident("decides") {
                decides = true;
            } else if meta.path.is_ident("unknown") {
                unknown = true;
            } else if !gate.take(&meta)? {
                return Err(meta.error(
                    "expected `tag`, `by_tag`, `since`, `until`, `required`, `single`, `decides` or `unknown`",
                ));
            }
            Ok(())
        })?;
        if unknown {
            if self.unknown.replace(name).is_some() {
                return Err(Error::new_spanned(source, "only one field can take unknown items"));
            }
            return Ok(());
        }
        let place = match (tag, by_tag) {
            (Some(tag), false) => Place::Tag(tag),
            (None, true) => Place::ByTag,
            (Some(_), true) => {
                return Err(Error::new_spanned(source, "a field has either `tag` or `by_tag`"));
            }
            (None, false) => {
                return Err(Error::new_spanned(source, "the field needs its tag: `#[ttlv(tag = …)]`"));
            }
        };
        if presence == Presence::Required && (required.is_some() || !gate.is_always()) {
            return Err(Error::new(
                source.ty.span(),
                "a field that not every version has is an `Option` (with `required` where it has to be there)",
            ));
        }
        if presence != Presence::Repeated && single.is_some() {
            return Err(Error::new(source.ty.span(), "`single` is for a repeated field, a `Vec`"));
        }
        if decides && presence == Presence::Repeated {
            return Err(Error::new(source.ty.span(), "a repeated field cannot decide anything"));
        }
        self.fields.push(Field { name, value, presence, place, gate, required, single, decides, slot });
        Ok(())
    }
}

fn presence(of: &Type) -> (Presence, Type) {
    if let Type::Path(path) = of
        && let Some(last) = path.path.segments.last()
        && let PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(GenericArgument::Type(inner)) = arguments.args.first()
    {
        if last.ident == "Option" {
            return (Presence::Optional, inner.clone());
        }
        if last.ident == "Vec" {
            return (Presence::Repeated, inner.clone());
        }
    }
    (Presence::Required, of.clone())
}
