use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{LitStr, Result, meta::ParseNestedMeta};

/// The versions in which something holds: from `since` to `until`, both inclusive.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    since: Option<Numbers>,
    until: Option<Numbers>,
}

type Numbers = (u8, u8);

impl Gate {
    /// Takes a `since = "1.2"` or `until = "1.4"`; false for any other key.
    pub(crate) fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<bool> {
        let place = if meta.path.is_ident("since") {
            &mut self.since
        } else if meta.path.is_ident("until") {
            &mut self.until
        } else {
            return Ok(false);
        };
        let text: LitStr = meta.value()?.parse()?;
        let spelled = text.value();
        let numbers = spelled
            .split_once('.')
            .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)))
            .ok_or_else(|| syn::Error::new(text.span(), "a version is two numbers, such as \"1.4\""))?;
        *place = Some(numbers);
        Ok(true)
    }

    /// Parses the list behind `required` or `single`; no list is every version.
    pub(crate) fn parse_optional(meta: &ParseNestedMeta<'_>) -> Result<Self> {
        let mut gate = Self::default();
        if meta.input.peek(syn::token::Paren) {
            meta.parse_nested_meta(|meta| {
                if gate.take(&meta)? { Ok(()) } else { Err(meta.error("expected `since` or `until`")) }
            })?;
        }
        Ok(gate)
    }

    pub(crate) fn is_always(&self) -> bool {
        self.since.is_none() && self.until.is_none()
    }

    /// An expression that is true when `version` is within the gate.
    pub(crate) fn holds(&self, version: &Tokens) -> Tokens {
        let bound = |(major, minor): &Numbers| quote!(const { ::kmip::ttlv::Version::new(#major, #minor) });
        let since = self.since.as_ref().map(bound).map(|since| quote!(#version >= #since));
        let until = self.until.as_ref().map(bound).map(|until| quote!(#version <= #until));
        match (since, until) {
            (None, None) => quote!(true),
            (Some(one), None) | (None, Some(one)) => one,
            (Some(since), Some(until)) => quote!(#since && #until),
        }
    }

    /// An expression that is true when `version` is within both gates.
    pub(crate) fn both_hold(&self, other: &Self, version: &Tokens) -> Tokens {
        match (self.is_always(), other.is_always()) {
            (true, _) => other.holds(version),
            (_, true) => self.holds(version),
            _ => {
                let (one, two) = (self.holds(version), other.holds(version));
                quote!(#one && #two)
            }
        }
    }
}
