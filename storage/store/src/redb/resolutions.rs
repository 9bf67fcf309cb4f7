//! Answers to questions: those to one question about one package (a *line*) are neighbours, by position.
//!
//! An answer that is given again prolongs the one before it; another one supersedes it. What is superseded, and what is of
//! no interest for longer than its job, stands in `superseded` by the time when it was confirmed last, once, and is
//! forgotten when that is long ago.

use std::ops::Bound;

use redb::{ReadOnlyTable, ReadableTable, Table, WriteTransaction};

use gleaner_model::{PackageKey, RegistryName, ResolutionRecord, Timestamp};

use crate::resolution::{self, Header, ResolutionWrite};
use crate::{ResolutionPage, StoreError};

use super::RedbStore;
use super::errors::{damaged, storage, table};
use super::tables::{RESOLUTIONS, SUPERSEDED};

/// Lines that one page looks at, however few of them are wanted: some milliseconds.
const LOOKED_AT_MAX: usize = 10_000;

/// Answers that one call forgets.
pub(crate) const FORGOTTEN_MAX: usize = 1_024;

/// A key and its value.
type Row = (Vec<u8>, Vec<u8>);

type Rows<'a> = Table<'a, &'static [u8], &'static [u8]>;
type Superseded<'a> = Table<'a, &'static [u8], ()>;

/// Writes answers; of several of one line the later ones are compared with those before.
pub(crate) fn write(transaction: &WriteTransaction, answers: &[ResolutionWrite]) -> Result<(), StoreError> {
    if answers.is_empty() {
        return Ok(());
    }
    let mut rows = transaction.open_table(RESOLUTIONS).map_err(table)?;
    let mut superseded = transaction.open_table(SUPERSEDED).map_err(table)?;
    answers.iter().try_for_each(|answer| put(&mut rows, &mut superseded, answer))
}

fn put(rows: &mut Rows<'_>, superseded: &mut Superseded<'_>, answer: &ResolutionWrite) -> Result<(), StoreError> {
    let key = resolution::at(&answer.line, answer.position);
    let is_newest = is_empty(rows, &key, &resolution::at(&answer.line, u64::MAX))?;
    if let Some((before, stored)) = last(rows, &resolution::at(&answer.line, 0), &key)? {
        let header = resolution::header(&stored).map_err(|flaw| flawed(&before, flaw))?;
        let is_same = header.digest == answer.header.digest;
        if is_same || before == key {
            // Of what stands there now.
            let at = superseded_key(header.confirmed_at, &before);
            superseded.remove(at.as_slice()).map_err(storage)?;
        } else {
            supersede(superseded, &before, &header)?;
        }
        if is_same {
            let header = prolonged(&header, &answer.header);
            let value = resolution::with_header(&stored, &header).map_err(|flaw| flawed(&before, flaw))?;
            rows.insert(before.as_slice(), value.as_slice()).map_err(storage)?;
            return if header.is_passing || !is_newest { supersede(superseded, &before, &header) } else { Ok(()) };
        }
    }
    rows.insert(key.as_slice(), answer.value().as_slice()).map_err(storage)?;
    if answer.header.is_passing || !is_newest { supersede(superseded, &key, &answer.header) } else { Ok(()) }
}

/// Notes that an answer is to be forgotten some day.
fn supersede(superseded: &mut Superseded<'_>, key: &[u8], header: &Header) -> Result<(), StoreError> {
    let at = superseded_key(header.confirmed_at, key);
    superseded.insert(at.as_slice(), ()).map(drop).map_err(storage)
}

fn prolonged(header: &Header, again: &Header) -> Header {
    Header {
        confirmed_position: header.confirmed_position.max(again.confirmed_position),
        confirmed_at: header.confirmed_at.max(again.confirmed_at),
        ..header.clone()
    }
}

/// Is nothing after `key` up to `end`?
fn is_empty(rows: &Rows<'_>, key: &[u8], end: &[u8]) -> Result<bool, StoreError> {
    let mut after = rows.range::<&[u8]>((Bound::Excluded(key), Bound::Included(end))).map_err(storage)?;
    Ok(after.next().transpose().map_err(storage)?.is_none())
}

/// The last row from `first` to `end`.
fn last(
    rows: &impl ReadableTable<&'static [u8], &'static [u8]>,
    first: &[u8],
    end: &[u8],
) -> Result<Option<Row>, StoreError> {
    let last = rows.range::<&[u8]>(first..=end).map_err(storage)?.next_back().transpose().map_err(storage)?;
    Ok(last.map(|(key, stored)| (key.value().to_vec(), stored.value().to_vec())))
}

/// The time, in an order of bytes, and the answer's key.
pub(crate) fn superseded_key(at: Timestamp, key: &[u8]) -> Vec<u8> {
    let ordered = at.as_millis().cast_unsigned() ^ 1 << 63;
    [&ordered.to_be_bytes(), key].concat()
}

pub(crate) fn split_superseded(key: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (ordered, key) = key.split_first_chunk::<8>()?;
    let at = (u64::from_be_bytes(*ordered) ^ 1 << 63).cast_signed();
    Some((Timestamp::from_millis(at), key))
}

pub(crate) fn flawed(key: &[u8], flaw: &'static str) -> StoreError {
    damaged("resolutions", shown(key), flaw)
}

/// A key for people: the package and the version.
pub(crate) fn shown(key: &[u8]) -> String {
    let mut parts = key.splitn(3, |byte| *byte == 0).map(String::from_utf8_lossy);
    format!("{} {}", parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// Rows of `superseded` from before `moment`.
pub(crate) fn before(store: &RedbStore, moment: Timestamp) -> Result<Vec<Vec<u8>>, StoreError> {
    let superseded = store.read()?.open_table(SUPERSEDED).map_err(table)?;
    let end = superseded_key(moment, &[]);
    let rows = superseded.range::<&[u8]>(..end.as_slice()).map_err(storage)?.take(FORGOTTEN_MAX);
    rows.map(|row| Ok(row.map_err(storage)?.0.value().to_vec())).collect()
}

/// Forgets what these rows of `superseded` name, unless it was prolonged since they were read.
pub(crate) fn forget(transaction: &WriteTransaction, rows: &[Vec<u8>]) -> Result<(), StoreError> {
    let mut answers = transaction.open_table(RESOLUTIONS).map_err(table)?;
    let mut superseded = transaction.open_table(SUPERSEDED).map_err(table)?;
    for row in rows {
        superseded.remove(row.as_slice()).map_err(storage)?;
        let Some((at, key)) = split_superseded(row) else { continue };
        let header = answers.get(key).map_err(storage)?.map(|stored| resolution::header(stored.value()));
        if header.transpose().map_err(|flaw| flawed(key, flaw))?.is_some_and(|header| header.confirmed_at == at) {
            answers.remove(key).map_err(storage)?;
        }
    }
    Ok(())
}

impl RedbStore {
    pub(crate) fn read_resolution(
        &self,
        key: &PackageKey,
        version: Option<&str>,
        fingerprint: &[u8; 16],
        not_after: Option<Timestamp>,
    ) -> Result<Option<ResolutionRecord>, StoreError> {
        let answers = self.read()?.open_table(RESOLUTIONS).map_err(table)?;
        let line = resolution::line(key, version, fingerprint);
        let (first, end) = (resolution::at(&line, 0), resolution::at(&line, u64::MAX));
        for row in answers.range::<&[u8]>(first.as_slice()..=end.as_slice()).map_err(storage)?.rev() {
            let (key, stored) = row.map_err(storage)?;
            let (key, stored) = (key.value(), stored.value());
            let header = resolution::header(stored).map_err(|flaw| flawed(key, flaw))?;
            if not_after.is_none_or(|moment| header.answered_at <= moment) {
                return resolution::decode(stored, key).map(Some).map_err(|flaw| flawed(key, flaw));
            }
        }
        Ok(None)
    }

    pub(crate) fn read_resolutions(
        &self,
        registry: &RegistryName,
        beginning: &str,
        fingerprint: Option<&[u8; 16]>,
        after: Option<&[u8]>,
        (limit, bytes): (usize, usize),
    ) -> Result<ResolutionPage, StoreError> {
        let answers = self.read()?.open_table(RESOLUTIONS).map_err(table)?;
        let beginning = format!("{registry} {beginning}").into_bytes();
        let mut from = match after {
            Some(line) if line >= beginning.as_slice() => Bound::Excluded(resolution::at(line, u64::MAX)),
            _ => Bound::Included(beginning.clone()),
        };
        let (mut page, mut taken) = (ResolutionPage::default(), 0);
        for _ in 0..LOOKED_AT_MAX {
            let Some(line) = next_line(&answers, &from)?.filter(|line| line.starts_with(&beginning)) else {
                page.next = None;
                return Ok(page);
            };
            if page.records.len() >= limit || taken >= bytes {
                return Ok(page);
            }
            let wanted =
                fingerprint.map_or(Ok(true), |one| resolution::fingerprint_of_line(&line).map(|it| it == *one));
            if wanted.map_err(|flaw| flawed(&line, flaw))?
                && let Some((key, stored)) =
                    last(&answers, &resolution::at(&line, 0), &resolution::at(&line, u64::MAX))?
            {
                taken += stored.len();
                page.records.push(resolution::decode(&stored, &key).map_err(|flaw| flawed(&key, flaw))?);
            }
            from = Bound::Excluded(resolution::at(&line, u64::MAX));
            page.next = Some(line);
        }
        Ok(page)
    }
}

fn next_line(
    answers: &ReadOnlyTable<&'static [u8], &'static [u8]>,
    from: &Bound<Vec<u8>>,
) -> Result<Option<Vec<u8>>, StoreError> {
    let from = from.as_ref().map(Vec::as_slice);
    let Some(row) = answers.range::<&[u8]>((from, Bound::Unbounded)).map_err(storage)?.next() else { return Ok(None) };
    let (key, _) = row.map_err(storage)?;
    let (line, _) = resolution::split_key(key.value()).map_err(|flaw| flawed(key.value(), flaw))?;
    Ok(Some(line.to_vec()))
}
