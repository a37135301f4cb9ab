use super::*;
use crate::store::sqlite::{keep_statements, schema};
use crate::store::{Grant, IndexEntry};

/// How SQLite runs the query.
fn plan(connection: &Connection, query: &Query) -> String {
    let visible = Visible::new(&query.visibility).unwrap();
    let driver = choose(connection, query, &visible).unwrap();
    let mut sql = Sql::from("EXPLAIN QUERY PLAN SELECT o.identifier FROM ");
    sql.append(&matching(query, &visible, driver));
    sql.text.push_str(" ORDER BY o.sequence DESC LIMIT 1");
    let mut statement = connection.prepare(&sql.text).unwrap();
    let rows = statement.query_map(params_from_iter(sql.values), |row| row.get::<_, String>(3));
    rows.unwrap().map(Result::unwrap).collect::<Vec<_>>().join("; ")
}

fn entry(attribute: &str, number: i64) -> IndexEntry {
    IndexEntry::new(attribute, IndexValue::Integer(number))
}

fn filled() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    keep_statements(&connection).unwrap();
    schema::migrate(&connection, "memory:".as_ref()).unwrap();
    let mut object = connection
        .prepare(
            "INSERT INTO object VALUES
                 (?1, 'id' || ?1, 'o' || (?1 % 2), 'default', 2, ?1 % 5, 1, NULL, 0, x'', NULL)",
        )
        .unwrap();
    let mut attribute = connection.prepare("INSERT INTO attribute VALUES (?1, ?2, ?3)").unwrap();
    for sequence in 1..=1000 {
        object.execute([sequence]).unwrap();
        for entry in [entry("Mask", sequence % 4), entry("Name", sequence), entry("Length", 256)] {
            let IndexValue::Integer(number) = entry.value else { continue };
            attribute.execute((entry.attribute, number, sequence)).unwrap();
        }
    }
    drop((object, attribute));
    connection
}

fn equals(attribute: &str, number: i64) -> Condition {
    Condition::Equals { attribute: attribute.into(), value: IndexValue::Integer(number) }
}

#[test]
fn the_most_selective_condition_drives_and_nothing_is_scanned() {
    let connection = filled();
    let grant = Grant { policy: "default".into(), object_types: Some(vec![2, 3]), owner: Some("o1".into()) };
    let mine = Visibility::Granted(vec![grant]);
    let contains = Condition::Contains { attribute: "Mask".into(), mask: 2 };
    let range = Condition::Range { attribute: "Name".into(), from: 5, to: 20 };
    let by_name = "SEARCH d USING PRIMARY KEY (attribute=? AND value=?); SEARCH o USING INTEGER PRIMARY KEY";
    for (conditions, visibility, expected) in [
        (vec![equals("Name", 7)], Visibility::Everything, by_name),
        (vec![equals("Length", 256), Condition::State(1), equals("Name", 7)], mine.clone(), by_name),
        (vec![equals("Length", 256), Condition::State(1)], mine.clone(), "object_by_state (state=?)"),
        (
            vec![equals("Length", 256), range.clone()],
            mine.clone(),
            "SEARCH attribute USING PRIMARY KEY (attribute=? AND value>? AND value<?)",
        ),
        (vec![contains.clone()], mine.clone(), "object_by_owner (owner=?)"),
        (
            vec![contains],
            Visibility::Everything,
            "SEARCH attribute USING PRIMARY KEY (attribute=? AND value=?)",
        ),
        (vec![], mine, "object_by_owner (owner=?)"),
        (vec![Condition::ObjectType(2)], Visibility::Everything, "object_by_type (object_type=?)"),
        (vec![Condition::Identifier("id9".into())], Visibility::Everything, "sqlite_autoindex_object_1"),
    ] {
        let query = Query { conditions, ..Query::new(visibility) };
        let plan = plan(&connection, &query);
        assert!(plan.contains(expected), "{query:?}: {plan}");
        assert!(!plan.contains("SCAN o") && !plan.contains("SCAN attribute"), "{query:?}: {plan}");
    }
}

#[test]
fn everything_is_walked_in_order() {
    let connection = filled();
    let plan = plan(&connection, &Query::new(Visibility::Everything));
    assert_eq!(plan, "SCAN o");
}
