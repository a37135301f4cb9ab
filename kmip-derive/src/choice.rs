use syn::{
    DataEnum, DeriveInput, Error, Fields, Ident, LitInt, Result, Type, Variant, punctuated::Punctuated,
};

use crate::{attributes, attributes::TagName, gate::Gate};

/// An enum with its annotations.
pub(crate) struct Choice {
    pub(crate) name: Ident,
    pub(crate) by: By,
    pub(crate) cases: Vec<Case>,
    /// The variant that takes what no case fits.
    pub(crate) other: Ident,
    /// Whether that variant's item is in a box.
    pub(crate) boxed: bool,
}

/// What a choice is decided by.
pub(crate) enum By {
    ItemType,
    Tag,
    Decider(TagName),
    Attribute,
}

/// A variant with its annotations.
pub(crate) struct Case {
    pub(crate) name: Ident,
    pub(crate) value: Type,
    pub(crate) tag: Option<TagName>,
    pub(crate) when: Vec<LitInt>,
    pub(crate) gate: Gate,
}

impl Choice {
    pub(crate) fn parse(input: &DeriveInput, data: &DataEnum) -> Result<Self> {
        let mut by = None;
        attributes::each(&input.attrs, |meta| {
            if !meta.path.is_ident("choice") {
                return Err(meta.error("expected `choice`"));
            }
            meta.parse_nested_meta(|meta| {
                if !meta.path.is_ident("by") {
                    return Err(meta.error("expected `by`"));
                }
                let value = meta.value()?;
                let kind: Ident = value.parse()?;
                by = Some(match kind.to_string().as_str() {
                    "item_type" => By::ItemType,
                    "tag" => By::Tag,
                    "attribute" => By::Attribute,
                    "decider" => {
                        let content;
                        syn::parenthesized!(content in value);
                        By::Decider(if content.peek(LitInt) {
                            TagName::Number(content.parse()?)
                        } else {
                            TagName::Named(content.parse()?)
                        })
                    }
                    _ => {
                        return Err(Error::new(
                            kind.span(),
                            "a choice is made by `item_type`, `tag`, `attribute` or `decider(…)`",
                        ));
                    }
                });
                Ok(())
            })
        })?;
        let by = by.ok_or_else(|| {
            Error::new_spanned(&input.ident, "the enum needs to say what decides: `#[ttlv(choice(by = …))]`")
        })?;
        let mut cases = Vec::new();
        let mut other = None;
        for variant in &data.variants {
            match Case::parse(variant, &by)? {
                Some(case) => cases.push(case),
                None => {
                    other =
                        Some((variant.ident.clone(), variant.fields.iter().any(|field| is_box(&field.ty))))
                }
            }
        }
        let (other, boxed) = other.ok_or_else(|| {
            Error::new_spanned(
                &input.ident,
                "the choice needs a variant for what no case fits: `#[ttlv(other)] Other(Item)`",
            )
        })?;
        Ok(Self { name: input.ident.clone(), by, cases, other, boxed })
    }
}

/// Whether a type is spelled as a `Box`.
pub(crate) fn is_box(of: &Type) -> bool {
    matches!(of, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Box"))
}

impl Case {
    /// The case; none for the variant that takes the rest.
    fn parse(variant: &Variant, by: &By) -> Result<Option<Self>> {
        let value = match &variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => &fields.unnamed[0].ty,
            _ => return Err(Error::new_spanned(variant, "a variant of a choice holds one value")),
        };
        let mut case = Self {
            name: variant.ident.clone(),
            value: value.clone(),
            tag: None,
            when: Vec::new(),
            gate: Gate::default(),
        };
        let mut other = false;
        attributes::each(&variant.attrs, |meta| {
            if meta.path.is_ident("other") {
                other = true;
            } else if meta.path.is_ident("tag") {
                case.tag = Some(TagName::parse(&meta)?);
            } else if meta.path.is_ident("when") {
                let content;
                syn::parenthesized!(content in meta.input);
                case.when =
                    Punctuated::<LitInt, syn::Token![,]>::parse_terminated(&content)?.into_iter().collect();
            } else if !case.gate.take(&meta)? {
                return Err(meta.error("expected `tag`, `when`, `since`, `until` or `other`"));
            }
            Ok(())
        })?;
        if other {
            return Ok(None);
        }
        if matches!(by, By::Tag | By::Attribute) != case.tag.is_some() {
            return Err(Error::new_spanned(
                variant,
                "a variant has a `tag` where the choice is made by tag, and only there",
            ));
        }
        if !case.when.is_empty() && !matches!(by, By::Decider(_)) {
            return Err(Error::new_spanned(variant, "`when` is for a choice that a field decides"));
        }
        Ok(Some(case))
    }
}
