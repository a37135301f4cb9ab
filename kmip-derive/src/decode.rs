use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote};

use crate::{
    attributes::TagName,
    choice::{By, Case, Choice, is_box},
    structure::{Field, Place, Presence, Structure},
};

pub(crate) fn structure(structure: &Structure) -> Tokens {
    let name = &structure.name;
    let blanks = structure.fields.iter().map(|field| {
        let (name, value) = (&field.name, &field.value);
        match field.presence {
            Presence::Required => quote!(#name: <#value as ::kmip::ttlv::Decode>::blank()),
            Presence::Optional => quote!(#name: ::core::option::Option::None),
            Presence::Repeated => quote!(#name: ::std::vec::Vec::new()),
        }
    });
    let look_ahead = structure.fields.iter().filter(|field| field.decides).map(|field| {
        let (value, tag) = (&field.value, tag(field));
        quote!(from.look_ahead::<#value>(#tag)?;)
    });
    let fours = fours(structure);
    // Only what decides something changes what its own choices are decided by.
    let (decider, put_back) = match structure.fields.iter().any(|field| field.decides) {
        true => (Some(quote!(let decider = from.decider();)), Some(quote!(from.put_back(decider);))),
        false => (None, None),
    };
    let open = structure.open;
    let (unknown, blank_unknown, keep) = match &structure.unknown {
        Some(unknown) => {
            (None, Some(quote!(#unknown: ::kmip::ttlv::Unknown::default(),)), quote!(&mut self.#unknown))
        }
        // Nowhere to keep them: what would be kept is an error, as in strict mode.
        None => (Some(quote!(let mut unknown = ::kmip::ttlv::NoUnknown;)), None, quote!(&mut unknown)),
    };
    let counts = structure.fields.iter().filter(|field| field.presence == Presence::Repeated).map(|field| {
        let (name, slot) = (&field.name, field.slot);
        quote!(#slot => self.#name.len(),)
    });
    let place = quote! {{
        let slot = ::kmip::ttlv::last_slot(seen);
        ::kmip::ttlv::Place { slot, count: match slot { #(#counts)* _ => 0 } }
    }};
    let arms = arms(structure, &keep, &place);
    let always = structure.fields.iter().filter(|field| field.presence == Presence::Required);
    let always = always.fold(0u64, |bits, field| bits | bit(field));
    let absent = structure.fields.iter().filter(|field| field.presence == Presence::Required).map(|field| {
        let (bit, missing) = (bit(field), missing(field));
        quote! {
            if seen & #bit == 0 {
                return ::core::result::Result::Err(#missing);
            }
        }
    });
    let absent = (always != 0).then(|| {
        quote! {
            if seen & #always != #always {
                #(#absent)*
            }
        }
    });
    let checks = structure.fields.iter().filter_map(check);
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

            #[inline]
            fn blank() -> Self {
                Self { #(#blanks,)* #blank_unknown }
            }

            #[allow(unused_mut, unused_variables, unused_assignments, reason = "not every structure needs all")]
            fn read(
                &mut self,
                this: ::kmip::ttlv::Header,
                from: &mut ::kmip::ttlv::Decoder<'_>,
            ) -> ::kmip::ttlv::Result<()> {
                #fours
                let scope = from.enter(this)?;
                #decider
                #(#look_ahead)*
                #unknown
                let mut seen = 0u64;
                while let ::core::option::Option::Some(item) = from.next()? {
                    match item.tag() {
                        #(#arms)*
                        _ => ::kmip::ttlv::KeepUnknown::unknown(#keep, item, #place, #open, from)?,
                    }
                }
                from.leave(scope);
                #put_back
                #absent
                #(#checks)*
                ::core::result::Result::Ok(())
            }
        }
    }
}

/// The short way to read a structure that always has the same fields, if they are of four bytes each: their heads are
/// compared all at once.
fn fours(structure: &Structure) -> Option<Tokens> {
    let fields = &structure.fields;
    let always = |field: &Field| {
        field.presence == Presence::Required
            && field.gate.is_always()
            && matches!(field.place, Place::Tag(_))
            && !field.decides
    };
    if fields.is_empty() || !fields.iter().all(always) {
        return None;
    }
    let names: Vec<_> = fields.iter().map(|field| &field.name).collect();
    let makes: Vec<_> = fields.iter().map(|field| format_ident!("make_{}", field.name)).collect();
    let values: Vec<_> = fields.iter().map(|field| &field.value).collect();
    let tags: Vec<_> = fields.iter().map(tag).collect();
    Some(quote! {
        if let (#(::core::option::Option::Some(#makes),)*) = (#(<#values as ::kmip::ttlv::Decode>::FROM_FOUR,)*)
            && let ::core::option::Option::Some([#(#names),*]) =
                from.fours(this, [#((#tags, <#values as ::kmip::ttlv::Decode>::ITEM_TYPE)),*])
        {
            #(self.#names = #makes(#names);)*
            return ::core::result::Result::Ok(());
        }
    })
}

/// The bit that says that a field was seen.
fn bit(field: &Field) -> u64 {
    1 << field.slot
}

fn tag(field: &Field) -> Tokens {
    match &field.place {
        Place::Tag(tag) => tag.tokens(),
        Place::ByTag => quote!(item.tag()),
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
    let (bit, missing) = (bit(field), missing(field));
    let holds = field.gate.both_hold(required, &quote!(from.version()));
    Some(quote! {
        if seen & #bit == 0 && (#holds) {
            return ::core::result::Result::Err(#missing);
        }
    })
}

/// The arms of the match on an item's tag. Fields with the same tag are told apart by their gates.
fn arms(structure: &Structure, keep: &Tokens, place: &Tokens) -> Vec<Tokens> {
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
        let same = structure
            .fields
            .iter()
            .filter(|other| matches!(&other.place, Place::Tag(other) if other.key() == tag.key()));
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
                #pattern => ::kmip::ttlv::KeepUnknown::out_of_version(#keep, item, #place, #open, from)?,
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
    let (name, number, value, bit) = (&field.name, field.slot, &field.value, bit(field));
    let number = u32::from(number);
    if field.presence == Presence::Repeated {
        let single = field.single.as_ref().map(|single| {
            let holds = single.holds(&quote!(from.version()));
            quote! {
                if seen & #bit != 0 && (#holds) {
                    return ::core::result::Result::Err(from.duplicate(item));
                }
            }
        });
        // Fields found by tag are of many tags: there, those that follow can't be counted by it.
        let count = match field.place {
            Place::Tag(_) => quote!(from.count(item)),
            Place::ByTag => quote!(from.count_all(item)),
        };
        let after = number + 1;
        return quote! {
            if seen >> #after != 0 {
                from.again(seen, #number, true, item)?;
            }
            #single
            seen |= #bit;
            if self.#name.capacity() == 0 {
                let room = ::std::vec::Vec::with_capacity(from.room::<#value>(#count));
                // Without capacity, there is nothing to drop.
                ::core::mem::forget(::core::mem::replace(&mut self.#name, room));
            }
            // Made where it stays, which a push would not do.
            self.#name.resize_with(self.#name.len() + 1, <#value as ::kmip::ttlv::Decode>::blank);
            if let ::core::option::Option::Some(value) = self.#name.last_mut() {
                ::kmip::ttlv::Decode::read(value, item, from)?;
            }
        };
    }
    let read = match field.presence {
        Presence::Optional => quote! {
            let value = self.#name.insert(<#value as ::kmip::ttlv::Decode>::blank());
            ::kmip::ttlv::Decode::read(value, item, from)?;
        },
        _ => quote! {
            let value = &mut self.#name;
            ::kmip::ttlv::Decode::read(value, item, from)?;
        },
    };
    let decide = field.decides.then(|| {
        let tag = tag(field);
        quote!(from.decide(#tag, ::kmip::ttlv::Decides::deciding(value));)
    });
    quote! {
        if seen >> #number != 0 {
            from.again(seen, #number, false, item)?;
        }
        seen |= #bit;
        #read
        #decide
    }
}

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
