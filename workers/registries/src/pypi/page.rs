//! A project page as it is written.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::json::{Entries, MaybeText, TakeEntry, Truthy, ignore_others};

/// The page of a project.
#[derive(Default)]
pub(crate) struct Page<'de> {
    pub(crate) name: MaybeText<'de>,
    pub(crate) meta: Meta<'de>,
    /// The project's files; none if the page has no list of them.
    pub(crate) files: Option<Vec<File<'de>>>,
    /// The numbers of its versions (since API 1.1).
    pub(crate) versions: Vec<Cow<'de, str>>,
}

impl<'de> TakeEntry<'de> for Page<'de> {
    fn take_entry<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        match &*key {
            "name" => self.name = object.next_value()?,
            "meta" => drop(object.next_value_seed(Entries(&mut self.meta))?),
            "files" => self.files = object.next_value::<Files<'de>>()?.0,
            "versions" => self.versions = object.next_value::<Texts<'de>>()?.0,
            _ => drop(object.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// What a page says of itself.
#[derive(Default)]
pub(crate) struct Meta<'de> {
    pub(crate) api_version: MaybeText<'de>,
    /// Grows with every change of the project.
    pub(crate) last_serial: Serial,
}

impl<'de> TakeEntry<'de> for Meta<'de> {
    fn take_entry<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        match &*key {
            "api-version" => self.api_version = object.next_value()?,
            "_last-serial" => self.last_serial = object.next_value()?,
            _ => drop(object.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// A file as the page lists it.
#[derive(Default)]
pub(crate) struct File<'de> {
    pub(crate) filename: MaybeText<'de>,
    pub(crate) url: MaybeText<'de>,
    pub(crate) hashes: Hashes<'de>,
    pub(crate) requires_python: MaybeText<'de>,
    pub(crate) upload_time: MaybeText<'de>,
    pub(crate) yanked: Yanked<'de>,
    /// Is there core metadata beside it? Under its present name and the two that it had before.
    pub(crate) core_metadata: Option<bool>,
    pub(crate) dist_info_metadata: Option<bool>,
}

impl File<'_> {
    /// Does the registry offer this file's core metadata?
    pub(crate) fn offers_metadata(&self) -> bool {
        self.core_metadata.or(self.dist_info_metadata).unwrap_or(false)
    }
}

impl<'de> TakeEntry<'de> for File<'de> {
    fn take_entry<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        match &*key {
            "filename" => self.filename = object.next_value()?,
            "url" => self.url = object.next_value()?,
            "hashes" => drop(object.next_value_seed(Entries(&mut self.hashes))?),
            "requires-python" => self.requires_python = object.next_value()?,
            "upload-time" => self.upload_time = object.next_value()?,
            "yanked" => self.yanked = object.next_value()?,
            // `true`, or an object of its hashes.
            "core-metadata" => self.core_metadata = Some(object.next_value::<Truthy>()?.0),
            "dist-info-metadata" | "data-dist-info-metadata" => {
                self.dist_info_metadata = Some(object.next_value::<Truthy>()?.0);
            }
            _ => drop(object.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// The checksums of a file; of interest is the one that every file has.
#[derive(Default)]
pub(crate) struct Hashes<'de> {
    pub(crate) sha256: MaybeText<'de>,
}

impl<'de> TakeEntry<'de> for Hashes<'de> {
    fn take_entry<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        match &*key {
            "sha256" => self.sha256 = object.next_value()?,
            _ => drop(object.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// A list of objects; anything else in it is passed over, and no list at all is none.
#[derive(Default)]
struct Files<'de>(Option<Vec<File<'de>>>);

impl<'de> Deserialize<'de> for Files<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FilesVisitor)
    }
}

struct FilesVisitor;

impl<'de> Visitor<'de> for FilesVisitor {
    type Value = Files<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut files = Vec::new();
        loop {
            let mut file = File::default();
            match list.next_element_seed(Entries(&mut file))? {
                Some(true) => files.push(file),
                Some(false) => {}
                None => return Ok(Files(Some(files))),
            }
        }
    }

    ignore_others!('de: bool number null text object);
}

/// The texts of a list; anything else in it is passed over.
#[derive(Default)]
struct Texts<'de>(Vec<Cow<'de, str>>);

impl<'de> Deserialize<'de> for Texts<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;
        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut texts = Vec::new();
                while let Some(MaybeText(text)) = list.next_element()? {
                    texts.extend(text);
                }
                Ok(Texts(texts))
            }

            ignore_others!('de: bool number null text object);
        }
        deserializer.deserialize_any(TextsVisitor)
    }
}

/// A flag that may give its reason instead of `true`. Empty text is false, as pip reads it.
#[derive(Default)]
pub(crate) enum Yanked<'de> {
    /// It is not.
    #[default]
    No,
    /// It is, perhaps for a reason.
    Yes(Option<Cow<'de, str>>),
}

impl<'de> Deserialize<'de> for Yanked<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct YankedVisitor;
        impl<'de> Visitor<'de> for YankedVisitor {
            type Value = Yanked<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
                Ok(if flag { Yanked::Yes(None) } else { Yanked::No })
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(if text.is_empty() { Yanked::No } else { Yanked::Yes(Some(Cow::Borrowed(text))) })
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(if text.is_empty() { Yanked::No } else { Yanked::Yes(Some(Cow::Owned(text.to_owned()))) })
            }

            ignore_others!('de: number null list object);
        }
        deserializer.deserialize_any(YankedVisitor)
    }
}

/// A serial number, as a number or as text.
#[derive(Clone, Copy, Default)]
pub(crate) struct Serial(pub(crate) Option<i64>);

impl<'de> Deserialize<'de> for Serial {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SerialVisitor;
        impl<'de> Visitor<'de> for SerialVisitor {
            type Value = Serial;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Serial, E> {
                Ok(Serial(i64::try_from(number).ok()))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Serial, E> {
                Ok(Serial(Some(number)))
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Serial, E> {
                Ok(Serial(None))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Serial, E> {
                Ok(Serial(text.parse().ok()))
            }

            ignore_others!('de: bool null list object);
        }
        deserializer.deserialize_any(SerialVisitor)
    }
}
