//! The rules of buf's STANDARD category that the protocol could break without anybody noticing, and that everything
//! has a comment. Renaming later breaks every client, so this is held from the first day.
//!
//! Source: <https://buf.build/docs/lint/rules/>. Comments come from the descriptors' source information, whose paths
//! count fields of `descriptor.proto`.

use std::collections::HashSet;

use prost::Message as _;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet, ServiceDescriptorProto,
};

// Numbers of fields in descriptor.proto, of which the paths of comments are made.
const FILE_MESSAGES: i32 = 4;
const FILE_ENUMS: i32 = 5;
const FILE_SERVICES: i32 = 6;
const MESSAGE_FIELDS: i32 = 2;
const MESSAGE_NESTED: i32 = 3;
const MESSAGE_ENUMS: i32 = 4;
const MESSAGE_ONEOFS: i32 = 8;
const SERVICE_METHODS: i32 = 2;

/// What was found to be wrong, each with its place.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn expect(&mut self, holds: bool, place: &str, rule: &str) {
        if !holds {
            self.0.push(format!("{place}: {rule}"));
        }
    }
}

/// The paths that have a leading comment.
struct Comments(HashSet<Vec<i32>>);

impl Comments {
    fn of(file: &FileDescriptorProto) -> Self {
        let locations = file.source_code_info.iter().flat_map(|info| &info.location);
        let with_comment = locations.filter(|at| !at.leading_comments().trim().is_empty());
        Self(with_comment.map(|at| at.path.clone()).collect())
    }

    fn expect(&self, path: &[i32], place: &str, findings: &mut Findings) {
        findings.expect(self.0.contains(path), place, "has no comment");
    }
}

fn below(path: &[i32], field: i32, at: usize) -> Vec<i32> {
    let at = i32::try_from(at).expect("few items in a file");
    path.iter().copied().chain([field, at]).collect()
}

fn is_pascal(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_lower_snake(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// `JobState` is `JOB_STATE_`.
fn prefix_of(enumeration: &str) -> String {
    let mut prefix = String::new();
    for (at, c) in enumeration.char_indices() {
        if at > 0 && c.is_ascii_uppercase() {
            prefix.push('_');
        }
        prefix.push(c.to_ascii_uppercase());
    }
    prefix + "_"
}

fn check_enum(enumeration: &EnumDescriptorProto, path: &[i32], comments: &Comments, findings: &mut Findings) {
    let name = enumeration.name();
    comments.expect(path, name, findings);
    findings.expect(is_pascal(name), name, "is not in PascalCase");
    let prefix = prefix_of(name);
    for value in &enumeration.value {
        findings.expect(value.name().starts_with(&prefix), value.name(), "does not begin with its enumeration's name");
        let upper = value.name().bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        findings.expect(upper, value.name(), "is not in UPPER_SNAKE_CASE");
    }
    let zero = enumeration.value.first().map(|value| (value.number(), value.name().to_owned()));
    findings.expect(zero == Some((0, prefix + "UNSPECIFIED")), name, "does not begin with _UNSPECIFIED = 0");
}

fn check_message(message: &DescriptorProto, path: &[i32], comments: &Comments, findings: &mut Findings) {
    let name = message.name();
    comments.expect(path, name, findings);
    findings.expect(is_pascal(name), name, "is not in PascalCase");
    for (at, field) in message.field.iter().enumerate() {
        let place = format!("{name}.{}", field.name());
        comments.expect(&below(path, MESSAGE_FIELDS, at), &place, findings);
        findings.expect(is_lower_snake(field.name()), &place, "is not in lower_snake_case");
    }
    // What `optional` makes of a field is a oneof of that field alone, which nobody wrote and nobody comments.
    let written = |at: usize| {
        let at = i32::try_from(at).expect("few oneofs in a message");
        message.field.iter().any(|field| field.oneof_index == Some(at) && !field.proto3_optional())
    };
    for (at, oneof) in message.oneof_decl.iter().enumerate().filter(|(at, _)| written(*at)) {
        let place = format!("{name}.{}", oneof.name());
        comments.expect(&below(path, MESSAGE_ONEOFS, at), &place, findings);
    }
    for (at, nested) in message.nested_type.iter().enumerate() {
        check_message(nested, &below(path, MESSAGE_NESTED, at), comments, findings);
    }
    for (at, enumeration) in message.enum_type.iter().enumerate() {
        check_enum(enumeration, &below(path, MESSAGE_ENUMS, at), comments, findings);
    }
}

fn check_service(service: &ServiceDescriptorProto, path: &[i32], comments: &Comments, findings: &mut Findings) {
    let name = service.name();
    comments.expect(path, name, findings);
    findings.expect(is_pascal(name) && name.ends_with("Service"), name, "is not named …Service");
    for (at, method) in service.method.iter().enumerate() {
        let place = format!("{name}.{}", method.name());
        comments.expect(&below(path, SERVICE_METHODS, at), &place, findings);
        findings.expect(is_pascal(method.name()), &place, "is not in PascalCase");
        for (kind, sent) in [("Request", method.input_type()), ("Response", method.output_type())] {
            let expected = format!(".gleaner.v1.{}{kind}", method.name());
            findings.expect(sent == expected, &place, &format!("has {sent} instead of {expected}"));
        }
    }
}

fn check_file(file: &FileDescriptorProto, findings: &mut Findings) {
    let comments = Comments::of(file);
    findings.expect(file.package() == "gleaner.v1", file.name(), "is not of package gleaner.v1");
    findings.expect(file.name().starts_with("gleaner/v1/"), file.name(), "does not lie in its package's folder");
    findings.expect(file.syntax() == "proto3", file.name(), "is not proto3");
    for (at, message) in file.message_type.iter().enumerate() {
        check_message(message, &below(&[], FILE_MESSAGES, at), &comments, findings);
    }
    for (at, enumeration) in file.enum_type.iter().enumerate() {
        check_enum(enumeration, &below(&[], FILE_ENUMS, at), &comments, findings);
    }
    for (at, service) in file.service.iter().enumerate() {
        check_service(service, &below(&[], FILE_SERVICES, at), &comments, findings);
    }
}

/// Every message serves at most one method, on one side of it.
fn check_sharing(set: &FileDescriptorSet, findings: &mut Findings) {
    let methods = set.file.iter().flat_map(|file| &file.service).flat_map(|service| &service.method);
    let mut seen = HashSet::new();
    for sent in methods.flat_map(|method| [method.input_type(), method.output_type()]) {
        findings.expect(seen.insert(sent), sent, "is sent by two methods");
    }
}

#[test]
fn the_protocol_keeps_its_rules() {
    let set = FileDescriptorSet::decode(crate::v1::DESCRIPTORS).expect("descriptors");
    let mut findings = Findings::default();
    set.file.iter().for_each(|file| check_file(file, &mut findings));
    check_sharing(&set, &mut findings);
    let services: usize = set.file.iter().map(|file| file.service.len()).sum();
    findings.expect(services >= 4, "gleaner.v1", "has lost a service");
    assert!(findings.0.is_empty(), "the protocol breaks its rules:\n{}", findings.0.join("\n"));
}

#[test]
fn each_broken_rule_is_found() {
    let broken = FileDescriptorProto {
        name: Some("gleaner/v1/broken.proto".to_owned()),
        package: Some("gleaner.v1".to_owned()),
        syntax: Some("proto3".to_owned()),
        message_type: vec![DescriptorProto { name: Some("lower".to_owned()), ..Default::default() }],
        enum_type: vec![EnumDescriptorProto {
            name: Some("JobState".to_owned()),
            value: vec![prost_types::EnumValueDescriptorProto {
                name: Some("STATE_QUEUED".to_owned()),
                number: Some(0),
                options: None,
            }],
            ..Default::default()
        }],
        service: vec![ServiceDescriptorProto {
            name: Some("Jobs".to_owned()),
            method: vec![prost_types::MethodDescriptorProto {
                name: Some("Get".to_owned()),
                input_type: Some(".gleaner.v1.Job".to_owned()),
                output_type: Some(".gleaner.v1.GetResponse".to_owned()),
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let mut findings = Findings::default();
    check_file(&broken, &mut findings);
    let expected = [
        "lower: has no comment",
        "lower: is not in PascalCase",
        "JobState: has no comment",
        "STATE_QUEUED: does not begin with its enumeration's name",
        "JobState: does not begin with _UNSPECIFIED = 0",
        "Jobs: has no comment",
        "Jobs: is not named …Service",
        "Jobs.Get: has no comment",
        "Jobs.Get: has .gleaner.v1.Job instead of .gleaner.v1.GetRequest",
    ];
    assert_eq!(findings.0, expected);
}
