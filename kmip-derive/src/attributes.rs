use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{Attribute, Ident, LitInt, Result, meta::ParseNestedMeta};

/// Calls `each` for every entry of the `#[ttlv(…)]` attributes.
pub(crate) fn each(
    attributes: &[Attribute],
    mut each: impl FnMut(ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("ttlv")) {
        attribute.parse_nested_meta(&mut each)?;
    }
    Ok(())
}

/// A tag: a constant of `Tag`, or a number.
#[derive(Clone)]
pub(crate) enum TagName {
    Named(Ident),
    Number(LitInt),
}

impl TagName {
    pub(crate) fn parse(meta: &ParseNestedMeta<'_>) -> Result<Self> {
        let value = meta.value()?;
        if value.peek(LitInt) { value.parse().map(Self::Number) } else { value.parse().map(Self::Named) }
    }

    /// The tag as an expression and as a pattern.
    pub(crate) fn tokens(&self) -> Tokens {
        match self {
            Self::Named(name) => quote!(::kmip::ttlv::Tag::#name),
            Self::Number(number) => quote!(::kmip::ttlv::Tag(#number)),
        }
    }

    /// What tells tags apart.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Named(name) => name.to_string(),
            Self::Number(number) => number.base10_digits().to_owned(),
        }
    }
}
