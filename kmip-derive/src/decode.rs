use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote};

use crate::{
    attributes::TagName,
    choice::{By, Case, Choice},
    structure::{Field, Place, Presence, Structure},
};

pub(crate) fn structure(structure: &Structure) -> Tokens {
    let name = &structure.name;
    let slots: Vec<_> = structure.fields.iter().map(slot).collect();
    let declarations = structure.fields.iter().zip(&slots).map(|(field, slot)| {
        let value = &field.value;
        if field.presence == Presence::Repeated {
            quote!(let mut #slot: ::std::vec::Vec<#value> = ::std::vec::Vec::new();)
        } else {
            quote!(let mut #slot: ::core::option::Option<#value> = ::core::option::Option::None;)
        }
    });
    let look_ahead = structure.fields.iter().filter(|field| field.decides).map(|field| {
        let (value, tag) = (&field.value, tag(field));
        quote!(from.look_ahead::<#value>(#tag)?;)
    });
    let open = structure.open;
    let arms = arms(structure);
    let (unknown, rest) = match &structure.unknown {
        Some(unknown) => (
            quote!(let mut unknown = ::kmip::ttlv::Unknown::default();),
            Some(quote!(#unknown: unknown,)),
        ),
        // Nowhere to keep them: what would be kept is an error, as in strict mode.
        None => (quote!(let mut unknown = ::kmip::ttlv::NoUnknown;), None),
    };
    let checks = structure.fields.iter().filter_map(check);
    let values = structure.fields.iter().zip(&slots).map(|(field, slot)| {
        let name = &field.name;
        if field.presence == Presence::Required {
            let missing = missing(field);
            quote!(#name: match #slot {
                ::core::option::Option::Some(value) => value,
                ::core::option::Option::None => return ::core::result::Result::Err(#missing),
            })
        } else {
            quote!(#name: #slot)
        }
    });
    let tag_impl = structure.tag.as_ref().map(|tag| {
        let tag = tag.tokens();
        quote! {
            #[automatically_derived]
            impl ::kmip::ttlv::Structure for #name {
                const TAG: ::kmip::ttlv::Tag = #tag;
            }
        }
    });
    quote! {
        #tag_impl

        #[automatically_derived]
        impl ::kmip::ttlv::Decode for #name {
            const ITEM_TYPE: ::core::option::Option<::kmip::ttlv::ItemType> =
                ::core::option::Option::Some(::kmip::ttlv::ItemType::Structure);

            #[allow(unused_mut, unused_variables, reason = "not every structure needs all")]
            fn decode(
                this: ::kmip::ttlv::Header,
                from: &mut ::kmip::ttlv::Decoder<'_>,
            ) -> ::kmip::ttlv::Result<Self> {
                let scope = from.enter(this)?;
                #(#look_ahead)*
                #(#declarations)*
                #unknown
                let mut reached = 0u16;
                while let ::core::option::Option::Some(item) = from.next()? {
                    match item.tag {
                        #(#arms)*
                        _ => ::kmip::ttlv::KeepUnknown::unknown(&mut unknown, item, reached, #open, from)?,
                    }
                }
                from.leave(scope);
                #(#checks)*
                ::core::result::Result::Ok(Self { #(#values,)* #rest })
            }
        }
    }
}

fn slot(field: &Field) -> proc_macro2::Ident {
    format_ident!("field_{}", field.slot)
}

fn tag(field: &Field) -> Tokens {
    match &field.place {
        Place::Tag(tag) => tag.tokens(),
        Place::ByTag => quote!(item.tag),
    }
}

fn missing(field: &Field) -> Tokens {
    match &field.place {
        Place::Tag(tag) => {
            let tag = tag.tokens();
            quote!(from.missing(this, #tag))
        }
        Place::ByTag => {
            let value = &field.value;
            quote!(from.missing_choice(this, <#value as ::kmip::ttlv::ByTag>::NAME))
        }
    }
}

fn check(field: &Field) -> Option<Tokens> {
    let required = field.required.as_ref()?;
    let (slot, missing) = (slot(field), missing(field));
    let holds = field.gate.both_hold(required, &quote!(from.version()));
    let absent = if field.presence == Presence::Repeated { quote!(is_empty) } else { quote!(is_none) };
    Some(quote! {
        if #slot.#absent() && (#holds) {
            return ::core::result::Result::Err(#missing);
        }
    })
}

/// The arms of the match on an item's tag. Fields with the same tag are told apart by their gates.
fn arms(structure: &Structure) -> Vec<Tokens> {
    let open = structure.open;
    let mut arms = Vec::new();
    let mut done: Vec<String> = Vec::new();
    for field in &structure.fields {
        let Place::Tag(tag) = &field.place else { continue };
        if done.contains(&tag.key()) {
            continue;
        }
        done.push(tag.key());
        let pattern = tag.tokens();
        let same =
            structure.fields.iter().filter(|other| matches!(&other.place, Place::Tag(other) if other.key() == tag.key()));
        let mut always = false;
        for field in same {
            let take = take(field);
            if field.gate.is_always() {
                always = true;
                arms.push(quote!(#pattern => { #take }));
            } else {
                let holds = field.gate.holds(&quote!(from.version()));
                arms.push(quote!(#pattern if #holds => { #take }));
            }
        }
        if !always {
            arms.push(quote! {
                #pattern => ::kmip::ttlv::KeepUnknown::out_of_version(&mut unknown, item, reached, #open, from)?,
            });
        }
    }
    for field in structure.fields.iter().filter(|field| matches!(field.place, Place::ByTag)) {
        let value = &field.value;
        let take = take(field);
        let holds = field.gate.holds(&quote!(from.version()));
        arms.push(quote! {
            tag if (#holds) && <#value as ::kmip::ttlv::ByTag>::accepts(tag) => { #take }
        });
    }
    arms
}

/// Takes an item as a field's value.
fn take(field: &Field) -> Tokens {
    let (slot, number, value) = (slot(field), field.slot, &field.value);
    let place = quote!(from.place(&mut reached, #number, item)?;);
    if field.presence == Presence::Repeated {
        let single = field.single.as_ref().map(|single| {
            let holds = single.holds(&quote!(from.version()));
            quote! {
                if !#slot.is_empty() && (#holds) {
                    return ::core::result::Result::Err(from.duplicate(item));
                }
            }
        });
        // Fields found by tag are of many tags: there, those that follow can't be counted by it.
        let count = match field.place {
            Place::Tag(_) => quote!(from.count(item)),
            Place::ByTag => quote!(from.count_all(item)),
        };
        return quote! {
            #place
            #single
            if #slot.capacity() == 0 {
                #slot.reserve_exact(#count);
            }
            #slot.push(<#value as ::kmip::ttlv::Decode>::decode(item, from)?);
        };
    }
    let decide = field.decides.then(|| {
        let tag = tag(field);
        quote!(from.decide(#tag, ::kmip::ttlv::Decides::deciding(&value));)
    });
    quote! {
        #place
        if #slot.is_some() {
            return ::core::result::Result::Err(from.duplicate(item));
        }
        let value = <#value as ::kmip::ttlv::Decode>::decode(item, from)?;
        #decide
        #slot = ::core::option::Option::Some(value);
    }
}

pub(crate) fn choice(choice: &Choice) -> Tokens {
    let name = &choice.name;
    let (body, by_tag) = match &choice.by {
        By::ItemType => (by_item_type(choice, choice.cases.iter()), None),
        By::Decider(decider) => (by_decider(choice, decider), None),
        By::Tag => (by_tag(choice, &quote!(let tag = item.tag;)), Some(tags(choice, &quote!()))),
        By::Attribute => (
            by_tag(
                choice,
                &quote! {
                    let tag = if item.tag == ::kmip::ttlv::Tag::AttributeValue {
                        from.decided(::kmip::ttlv::Tag::AttributeName).map_or(item.tag, ::kmip::ttlv::Tag)
                    } else {
                        item.tag
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

            fn decode(
                item: ::kmip::ttlv::Header,
                from: &mut ::kmip::ttlv::Decoder<'_>,
            ) -> ::kmip::ttlv::Result<Self> {
                #body
            }
        }
    }
}

/// `if` the item has the type of the case, it is the case.
fn fits(case: &Case) -> Tokens {
    let (name, value) = (&case.name, &case.value);
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
        if <#value as ::kmip::ttlv::Decode>::ITEM_TYPE.is_none_or(|fits| fits == item.item_type) {
            #gate {
                return <#value as ::kmip::ttlv::Decode>::decode(item, from).map(Self::#name);
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
        from.item(item).map(Self::#other)
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
        from.item(item).map(Self::#other)
    }
}

fn by_tag(choice: &Choice, tag: &Tokens) -> Tokens {
    let other = &choice.other;
    let arms = choice.cases.iter().map(|case| {
        let (name, value) = (&case.name, &case.value);
        let pattern = case.tag.as_ref().map(TagName::tokens);
        let take = quote!(<#value as ::kmip::ttlv::Decode>::decode(item, from).map(Self::#name));
        if case.gate.is_always() {
            quote!(#pattern => #take,)
        } else {
            let holds = case.gate.holds(&quote!(from.version()));
            quote! {
                #pattern if #holds => #take,
                #pattern if from.is_strict() => ::core::result::Result::Err(from.not_in_version(item)),
            }
        }
    });
    quote! {
        #tag
        match tag {
            #(#arms)*
            _ => from.item(item).map(Self::#other),
        }
    }
}

fn tags(choice: &Choice, more: &Tokens) -> Tokens {
    let (name, other) = (&choice.name, &choice.other);
    let text = name.to_string();
    let tags: Vec<_> = choice.cases.iter().filter_map(|case| case.tag.as_ref()).map(TagName::tokens).collect();
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
