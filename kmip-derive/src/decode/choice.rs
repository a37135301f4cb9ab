//! How a choice is read.

use proc_macro2::TokenStream as Tokens;
use quote::quote;

use crate::{
    attributes::TagName,
    choice::{By, Case, Choice, is_box},
};

pub(crate) fn choice(choice: &Choice) -> Tokens {
    let (name, other) = (&choice.name, &choice.other);
    // A blank value must own nothing, and cost nothing: no boxes.
    let blank = match choice.cases.first() {
        Some(Case { name, value, .. }) if choice.boxed && !is_box(value) => {
            quote!(Self::#name(<#value as ::kmip::ttlv::Decode>::blank()))
        }
        _ => quote!(Self::#other(<::kmip::ttlv::Item as ::kmip::ttlv::Decode>::blank().into())),
    };
    let (body, by_tag) = match &choice.by {
        By::ItemType => (by_item_type(choice, choice.cases.iter()), None),
        By::Decider(decider) => (by_decider(choice, decider), None),
        By::Tag => (by_tag(choice, &quote!(let tag = item.tag();)), Some(tags(choice, &quote!()))),
        By::Attribute => (
            by_tag(
                choice,
                &quote! {
                    let tag = if item.tag() == ::kmip::ttlv::Tag::AttributeValue {
                        from.decided(::kmip::ttlv::Tag::AttributeName).map_or(item.tag(), ::kmip::ttlv::Tag)
                    } else {
                        item.tag()
                    };
                },
            ),
            // Vendors' attributes have tags of their own.
            Some(tags(choice, &quote!(|| tag.is_extension()))),
        ),
    };
    quote! {
        #by_tag

        #[automatically_derived]
        impl ::kmip::ttlv::Decode for #name {
            const ITEM_TYPE: ::core::option::Option<::kmip::ttlv::ItemType> = ::core::option::Option::None;

            #[inline]
            fn blank() -> Self {
                #blank
            }

            fn read(
                &mut self,
                item: ::kmip::ttlv::Header,
                from: &mut ::kmip::ttlv::Decoder<'_>,
            ) -> ::kmip::ttlv::Result<()> {
                #body
            }
        }
    }
}

/// Reads the item as the case: in place, for what is read is not to be moved about.
fn read(case: &Case) -> Tokens {
    let (name, value) = (&case.name, &case.value);
    quote! {
        // What was there is blank and owns nothing: there is nothing to drop.
        ::core::mem::forget(::core::mem::replace(self, Self::#name(<#value as ::kmip::ttlv::Decode>::blank())));
        if let Self::#name(value) = self {
            ::kmip::ttlv::Decode::read(value, item, from)?;
        }
        return ::core::result::Result::Ok(());
    }
}

/// `if` the item has the type of the case, it is the case.
fn fits(case: &Case) -> Tokens {
    let value = &case.value;
    let read = read(case);
    let gate = (!case.gate.is_always()).then(|| {
        let holds = case.gate.holds(&quote!(from.version()));
        quote! {
            if !(#holds) && from.is_strict() {
                return ::core::result::Result::Err(from.not_in_version(item));
            }
            if #holds
        }
    });
    quote! {
        if <#value as ::kmip::ttlv::Decode>::ITEM_TYPE.is_none_or(|fits| item.is(fits)) {
            #gate {
                #read
            }
        }
    }
}

fn by_item_type<'a>(choice: &Choice, cases: impl Iterator<Item = &'a Case>) -> Tokens {
    let other = &choice.other;
    let first = choice.cases.first().map(|case| &case.value);
    let fits = cases.map(fits);
    quote! {
        #(#fits)*
        if from.is_strict() && let ::core::option::Option::Some(expected) = <#first as ::kmip::ttlv::Decode>::ITEM_TYPE {
            return ::core::result::Result::Err(from.other_type(item, expected));
        }
        ::core::mem::forget(::core::mem::replace(self, Self::#other(from.item(item)?.into())));
        ::core::result::Result::Ok(())
    }
}

fn by_decider(choice: &Choice, decider: &TagName) -> Tokens {
    let other = &choice.other;
    let decider = decider.tokens();
    let arms = choice.cases.iter().filter(|case| !case.when.is_empty()).map(|case| {
        let (when, fits) = (&case.when, fits(case));
        let value = &case.value;
        quote! {
            ::core::option::Option::Some(#(#when)|*) => {
                #fits
                <#value as ::kmip::ttlv::Decode>::ITEM_TYPE
            }
        }
    });
    let rest = choice.cases.iter().filter(|case| case.when.is_empty()).map(fits);
    quote! {
        let expected: ::core::option::Option<::kmip::ttlv::ItemType> = match from.decided(#decider) {
            #(#arms)*
            _ => ::core::option::Option::None,
        };
        #(#rest)*
        if from.is_strict() && let ::core::option::Option::Some(expected) = expected {
            return ::core::result::Result::Err(from.other_type(item, expected));
        }
        ::core::mem::forget(::core::mem::replace(self, Self::#other(from.item(item)?.into())));
        ::core::result::Result::Ok(())
    }
}

fn by_tag(choice: &Choice, tag: &Tokens) -> Tokens {
    let other = &choice.other;
    let arms = choice.cases.iter().map(|case| {
        let pattern = case.tag.as_ref().map(TagName::tokens);
        let read = read(case);
        if case.gate.is_always() {
            quote!(#pattern => { #read })
        } else {
            let holds = case.gate.holds(&quote!(from.version()));
            quote! {
                #pattern if #holds => { #read }
                #pattern if from.is_strict() => ::core::result::Result::Err(from.not_in_version(item)),
            }
        }
    });
    quote! {
        #tag
        match tag {
            #(#arms)*
            _ => {
                ::core::mem::forget(::core::mem::replace(self, Self::#other(from.item(item)?.into())));
                ::core::result::Result::Ok(())
            }
        }
    }
}

fn tags(choice: &Choice, more: &Tokens) -> Tokens {
    let (name, other) = (&choice.name, &choice.other);
    let text = name.to_string();
    let tags: Vec<_> =
        choice.cases.iter().filter_map(|case| case.tag.as_ref()).map(TagName::tokens).collect();
    let cases = choice.cases.iter().map(|case| &case.name);
    quote! {
        #[automatically_derived]
        impl ::kmip::ttlv::ByTag for #name {
            const NAME: &'static str = #text;

            fn accepts(tag: ::kmip::ttlv::Tag) -> bool {
                ::core::matches!(tag, #(#tags)|*) #more
            }

            fn tag(&self) -> ::kmip::ttlv::Tag {
                match self {
                    #(Self::#cases(_) => #tags,)*
                    Self::#other(item) => item.tag,
                }
            }
        }
    }
}
