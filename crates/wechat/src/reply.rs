//! Passive replies: what may stand in the answer to a delivery, and its plaintext XML. Never here:
//! choosing the reply, and encrypting it.

use crate::inbound::Inbound;
use crate::text::{self, clean, push_cleaned, push_element, push_number};

/// Longest text of a passive reply, in bytes of UTF-8 (R-18: the lint of templates stays one below).
pub const TEXT_BYTES_MAX: usize = 2048;
/// Most articles of one reply.
pub const ARTICLES_MAX: usize = 8;

/// One passive reply. Optional parts that are absent are left out of the XML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Text; a line ends with LF.
    Text(String),
    /// An image; no GIF.
    Image {
        /// Of an uploaded image.
        media_id: String,
    },
    /// A voice message.
    Voice {
        /// Of an uploaded recording.
        media_id: String,
    },
    /// A video.
    Video {
        /// Of an uploaded video.
        media_id: String,
        /// Shown above it.
        title: Option<String>,
        /// Shown below it.
        description: Option<String>,
    },
    /// A piece of music.
    Music {
        /// Shown above it.
        title: Option<String>,
        /// Shown below it.
        description: Option<String>,
        /// Where it is.
        music_url: Option<String>,
        /// Where it is in better quality.
        hq_music_url: Option<String>,
        /// Of an uploaded picture.
        thumb_media_id: String,
    },
    /// 1 to [`ARTICLES_MAX`] articles; see [`Reply::render_for`] for when only one is shown.
    News(Vec<Article>),
    /// Hands the fan to a human agent.
    TransferCustomerService {
        /// The agent; any may take it when absent.
        kf_account: Option<String>,
    },
}

/// One article of a news reply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Article {
    /// Headline.
    pub title: String,
    /// Shown with a single article only.
    pub description: String,
    /// Of the picture.
    pub pic_url: String,
    /// Where a tap leads.
    pub url: String,
}

/// Why a reply cannot be rendered. Answer `success` instead: a faulty reply shows the fan the outage
/// notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RenderError {
    /// The text is empty, or nothing but blanks.
    #[error("text of the reply is empty")]
    EmptyContent,
    /// The text has this many bytes, more than [`TEXT_BYTES_MAX`].
    #[error("text of the reply has {0} bytes, more than 2048")]
    TooLong(usize),
    /// This field must not be empty.
    #[error("{0} of the reply is empty")]
    EmptyField(&'static str),
    /// The number of articles is 0, or more than may be shown for the message.
    #[error("reply has {count} articles, not 1 to {max}")]
    Articles {
        /// How many there are.
        count: usize,
        /// How many the message allows.
        max: usize,
    },
    /// Only messages can be handed to an agent, events cannot.
    #[error("an event cannot be handed to an agent")]
    TransferOfEvent,
}

impl Reply {
    /// The `MsgType` of the reply.
    #[must_use]
    pub fn msg_type(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Image { .. } => "image",
            Self::Voice { .. } => "voice",
            Self::Video { .. } => "video",
            Self::Music { .. } => "music",
            Self::News(_) => "news",
            Self::TransferCustomerService { .. } => "transfer_customer_service",
        }
    }

    /// Plaintext XML of the reply to this message: from our account to its fan, with its CreateTime.
    ///
    /// # Errors
    /// As [`Reply::render`]; moreover more than one article for a text, image, voice, video or location
    /// (the platform drops the surplus), and an event handed to an agent.
    pub fn render_for(&self, message: &Inbound) -> Result<String, RenderError> {
        const ONE_ARTICLE: [&str; 6] = ["text", "image", "voice", "video", "news", "location"];
        match self {
            Self::News(articles)
                if articles.len() > 1 && ONE_ARTICLE.contains(&message.msg_type.as_str()) =>
            {
                return Err(RenderError::Articles {
                    count: articles.len(),
                    max: 1,
                });
            }
            Self::TransferCustomerService { .. } if message.is_event() => {
                return Err(RenderError::TransferOfEvent);
            }
            _ => {}
        }
        self.render(&message.from, &message.to, message.create_time)
    }

    /// Plaintext XML of the reply. `to` is the fan's openid, `from` our original id, `create_time` in
    /// seconds since 1970. Characters that XML forbids are left out, a line end becomes LF, `]]>` is
    /// split over two sections. The same arguments give the same bytes.
    ///
    /// # Errors
    /// What would show the fan the outage notice: an empty or overlong text, a missing media id, no
    /// article or too many, no addressee.
    pub fn render(&self, to: &str, from: &str, create_time: i64) -> Result<String, RenderError> {
        let mut out = String::with_capacity(512);
        text::open(&mut out, "xml");
        push_required(&mut out, "ToUserName", to)?;
        push_required(&mut out, "FromUserName", from)?;
        push_number(&mut out, "CreateTime", create_time);
        push_element(&mut out, "MsgType", self.msg_type());
        match self {
            Self::Text(content) => push_content(&mut out, content)?,
            Self::Image { media_id } => push_media(&mut out, "Image", media_id, &[])?,
            Self::Voice { media_id } => push_media(&mut out, "Voice", media_id, &[])?,
            Self::Video {
                media_id,
                title,
                description,
            } => {
                let rest = [("Title", title), ("Description", description)];
                push_media(&mut out, "Video", media_id, &rest)?;
            }
            Self::Music {
                title,
                description,
                music_url,
                hq_music_url,
                thumb_media_id,
            } => {
                text::open(&mut out, "Music");
                push_optional(&mut out, "Title", title);
                push_optional(&mut out, "Description", description);
                push_optional(&mut out, "MusicUrl", music_url);
                push_optional(&mut out, "HQMusicUrl", hq_music_url);
                push_required(&mut out, "ThumbMediaId", thumb_media_id)?;
                text::close(&mut out, "Music");
            }
            Self::News(articles) => push_articles(&mut out, articles)?,
            Self::TransferCustomerService { kf_account: None } => {}
            Self::TransferCustomerService {
                kf_account: Some(account),
            } => {
                text::open(&mut out, "TransInfo");
                push_required(&mut out, "KfAccount", account)?;
                text::close(&mut out, "TransInfo");
            }
        }
        text::close(&mut out, "xml");
        Ok(out)
    }
}

fn push_content(out: &mut String, content: &str) -> Result<(), RenderError> {
    let content = clean(content);
    if content.trim().is_empty() {
        return Err(RenderError::EmptyContent);
    }
    if content.len() > TEXT_BYTES_MAX {
        return Err(RenderError::TooLong(content.len()));
    }
    push_cleaned(out, "Content", &content);
    Ok(())
}

fn push_media(
    out: &mut String,
    name: &str,
    media_id: &str,
    rest: &[(&str, &Option<String>)],
) -> Result<(), RenderError> {
    text::open(out, name);
    push_required(out, "MediaId", media_id)?;
    for (name, value) in rest {
        push_optional(out, name, value);
    }
    text::close(out, name);
    Ok(())
}

fn push_articles(out: &mut String, articles: &[Article]) -> Result<(), RenderError> {
    if articles.is_empty() || articles.len() > ARTICLES_MAX {
        return Err(RenderError::Articles {
            count: articles.len(),
            max: ARTICLES_MAX,
        });
    }
    push_number(
        out,
        "ArticleCount",
        i64::try_from(articles.len()).unwrap_or(0),
    );
    text::open(out, "Articles");
    for article in articles {
        text::open(out, "item");
        push_element(out, "Title", &article.title);
        push_element(out, "Description", &article.description);
        push_element(out, "PicUrl", &article.pic_url);
        push_element(out, "Url", &article.url);
        text::close(out, "item");
    }
    text::close(out, "Articles");
    Ok(())
}

fn push_required(out: &mut String, name: &'static str, value: &str) -> Result<(), RenderError> {
    let value = clean(value);
    if value.is_empty() {
        return Err(RenderError::EmptyField(name));
    }
    push_cleaned(out, name, &value);
    Ok(())
}

fn push_optional(out: &mut String, name: &str, value: &Option<String>) {
    if let Some(value) = value {
        push_element(out, name, value);
    }
}
