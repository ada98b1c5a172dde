//! Whole lists as files: streamed page by page, so that no list is ever whole in memory.

use std::future::Future;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_util::stream;

use crate::error::{Error, Result};

/// The media type of JSON lines.
pub const JSON_LINES: &str = "application/jsonl";
/// Rows of one piece.
pub const PIECE: i64 = 500;

/// 200 with a file that is made piece by piece. `next` makes the piece that begins at a place, and says where the one after
/// it begins, if there is one. The first piece is made before the answer begins, so that a refusal is a problem.
///
/// # Errors
/// What the first piece fails with; a later failure breaks the connection off, so that nobody takes a part for the whole.
pub async fn stream<P, F>(
    media_type: &'static str,
    name: &str,
    first: P,
    next: impl Fn(P) -> F + 'static,
) -> Result<HttpResponse>
where
    P: 'static,
    F: Future<Output = Result<(Bytes, Option<P>)>> + 'static,
{
    let (head, place) = next(first).await?;
    let pieces = stream::try_unfold((Some(head), place, next), |(head, place, next)| async move {
        if let Some(head) = head {
            return Ok::<_, Error>(Some((head, (None, place, next))));
        }
        let Some(place) = place else { return Ok(None) };
        let (piece, place) = next(place).await?;
        Ok(Some((piece, (None, place, next))))
    });
    Ok(HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(pieces))
}
