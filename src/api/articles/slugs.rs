//! An article's names in URLs: the one it has, and those it had before, which lead to it.

use diesel::prelude::*;

use super::model::{ArticleRow, NewArticle};
use crate::db::schema::{article_slugs, articles};
use crate::db::{Conn, each_backend};
use crate::error::{Code, Error, Result};
use crate::http::text::Slug;
use crate::types::{ArticleId, Timestamp};

/// The slugs that a new article may get, the best first: what was asked for, or what the title suggests.
#[must_use]
pub fn candidates(new: &NewArticle) -> Vec<Slug> {
    if let Some(wanted) = &new.slug {
        return vec![wanted.clone()];
    }
    let wanted = Slug::from_name(new.title.as_str(), "article");
    let numbered = (2..20).map(|number| wanted.numbered(number));
    std::iter::once(wanted.clone()).chain(numbered).chain([wanted.with_lot()]).collect()
}

/// Whether no article but this one, deleted ones included, has the slug or had it.
pub fn is_free(conn: &mut Conn, slug: &Slug, article: ArticleId) -> Result<bool> {
    let taken = articles::table.filter(articles::slug.eq(slug.as_str())).filter(articles::id.ne(article));
    if each_backend!(conn => diesel::select(diesel::dsl::exists(taken)).get_result::<bool>(conn))? {
        return Ok(false);
    }
    let kept = article_slugs::table
        .filter(article_slugs::slug.eq(slug.as_str()))
        .filter(article_slugs::article_id.ne(article));
    Ok(!each_backend!(conn => diesel::select(diesel::dsl::exists(kept)).get_result::<bool>(conn))?)
}

/// The problem for a slug that another article has or had.
#[must_use]
pub fn taken() -> Error {
    let words = "another article has this slug, or had it";
    Error::new(Code::Taken, words).with_field("/slug", "taken", words)
}

/// Keeps the slug that an article had, so that it leads to it.
pub fn remember(conn: &mut Conn, article: ArticleId, old: &str, new: &Slug, now: Timestamp) -> Result<()> {
    let back = article_slugs::table.filter(article_slugs::slug.eq(new.as_str()));
    each_backend!(conn => diesel::delete(back).execute(conn))?;
    let row = (article_slugs::slug.eq(old), article_slugs::article_id.eq(article), article_slugs::created_at.eq(now));
    each_backend!(conn => diesel::insert_into(article_slugs::table)
        .values(row)
        .on_conflict(article_slugs::slug)
        .do_update()
        .set((article_slugs::article_id.eq(article), article_slugs::created_at.eq(now)))
        .execute(conn))?;
    Ok(())
}

/// The article that had this slug before, whoever may read it.
pub fn moved_to(conn: &mut Conn, old: &str) -> Result<ArticleRow> {
    Ok(each_backend!(conn => article_slugs::table
        .inner_join(articles::table.on(articles::id.eq(article_slugs::article_id)))
        .filter(article_slugs::slug.eq(old))
        .filter(articles::deleted_at.is_null())
        .select(ArticleRow::as_select())
        .first(conn))?)
}
