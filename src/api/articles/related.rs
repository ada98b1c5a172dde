//! What to read next: what the editors chose, then what has a group, a tag or the kind in common, then what is new. A
//! group counts only where the caller may know of it, else what is related would tell of it.

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{HasSqlType, Text};

use super::model::{CardRow, RelatedArticle, RelatedReason, StoredStatus};
use super::policy;
use crate::db::schema::articles;
use crate::db::sql_types::{Id, among};
use crate::db::{Conn, each_backend};
use crate::error::Result;
use crate::types::{ArticleId, GroupId};

/// Groups that count, the first in the editors' order; more of them would make the statement another one each time.
const GROUPS: usize = 8;

const PIECE: &str = "WITH piece AS (SELECT id, kind FROM articles WHERE id = ";

const SHARED: &str = "), shared AS (SELECT DISTINCT article_id FROM article_contributions
    WHERE state = 'accepted' AND group_id IN (";

/// Five of each reason are enough to make up five of all. SQLite begins a cross join on the left: a few groups have few
/// articles; a tag may have many.
const REASONS: &str = ")) SELECT id, reason FROM (
    SELECT articles.id AS id, 'editors_choice' AS reason, 0 AS rank, article_relations.position AS place,
        articles.published_order AS at
    FROM article_relations JOIN articles ON articles.id = article_relations.related_id
    WHERE article_relations.article_id = (SELECT id FROM piece)
        AND articles.status = 'published' AND articles.deleted_at IS NULL
    UNION ALL SELECT * FROM (SELECT articles.id, 'shared_group', 1, 0, articles.published_order
        FROM shared CROSS JOIN articles
        WHERE articles.id = shared.article_id AND articles.id <> (SELECT id FROM piece)
            AND articles.status = 'published' AND articles.deleted_at IS NULL
        ORDER BY articles.published_order DESC, articles.id DESC LIMIT 5) AS by_group
    UNION ALL SELECT * FROM (SELECT articles.id, 'shared_tag', 2, 0, articles.published_order
        FROM articles
        WHERE articles.status = 'published' AND articles.deleted_at IS NULL AND articles.id <> (SELECT id FROM piece)
            AND articles.id IN (SELECT article_tags.article_id FROM article_tags WHERE article_tags.tag IN (
                SELECT own.tag FROM article_tags AS own WHERE own.article_id = (SELECT id FROM piece)))
        ORDER BY articles.published_order DESC, articles.id DESC LIMIT 5) AS by_tag
    UNION ALL SELECT * FROM (SELECT articles.id, 'same_kind', 3, 0, articles.published_order
        FROM articles
        WHERE articles.status = 'published' AND articles.deleted_at IS NULL AND articles.id <> (SELECT id FROM piece)
            AND articles.kind = (SELECT kind FROM piece)
        ORDER BY articles.published_order DESC, articles.id DESC LIMIT 5) AS by_kind
    UNION ALL SELECT * FROM (SELECT articles.id, 'recent', 4, 0, articles.published_order
        FROM articles
        WHERE articles.status = 'published' AND articles.deleted_at IS NULL AND articles.id <> (SELECT id FROM piece)
        ORDER BY articles.published_order DESC, articles.id DESC LIMIT 5) AS by_date
) AS candidate ORDER BY rank, place, at DESC, id DESC";

/// The articles that may be shown beside one, each with a reason, the best first; one may have several reasons. A
/// statement of its own kind, so that it is prepared once: what diesel is given as bare SQL it prepares each time.
#[derive(Debug, Clone, Copy, QueryId)]
struct Candidates {
    article: ArticleId,
    groups: [GroupId; GROUPS],
}

impl Query for Candidates {
    type SqlType = (Id, Text);
}

impl<C> RunQueryDsl<C> for Candidates {}

impl<DB> QueryFragment<DB> for Candidates
where
    DB: Backend + HasSqlType<Id>,
    ArticleId: ToSql<Id, DB>,
    GroupId: ToSql<Id, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(PIECE);
        out.push_bind_param::<Id, _>(&self.article)?;
        out.push_sql(SHARED);
        for (place, group) in self.groups.iter().enumerate() {
            if place > 0 {
                out.push_sql(", ");
            }
            out.push_bind_param::<Id, _>(group)?;
        }
        out.push_sql(REASONS);
        Ok(())
    }
}

/// What to read after an article. `known` are the groups that contributed to it and that the caller may know of.
pub fn list(conn: &mut Conn, article: ArticleId, known: &[GroupId]) -> Result<Vec<RelatedArticle>> {
    // nil is no group's id
    let mut groups = [GroupId::nil(); GROUPS];
    for (place, group) in groups.iter_mut().zip(known) {
        *place = *group;
    }
    let candidates = Candidates { article, groups };
    let found: Vec<(ArticleId, RelatedReason)> = each_backend!(conn => candidates.load(conn))?;
    let chosen = policy::choose_related(found);
    let ids: Vec<ArticleId> = chosen.iter().map(|(id, _)| *id).collect();
    let mut cards = cards(conn, &ids)?;
    let mut related = Vec::new();
    for (id, reason) in chosen {
        if let Some(place) = cards.iter().position(|card| card.id == id) {
            related.push(RelatedArticle { article: cards.swap_remove(place).into(), reason });
        }
    }
    Ok(related)
}

/// The published articles with these ids, in no order: one may have been taken back since it was found.
fn cards(conn: &mut Conn, ids: &[ArticleId]) -> Result<Vec<CardRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(each_backend!(conn => articles::table
        .filter(among(articles::id, ids))
        .filter(articles::status.eq(StoredStatus::Published))
        .filter(articles::deleted_at.is_null())
        .select(CardRow::as_select())
        .load(conn))?)
}
