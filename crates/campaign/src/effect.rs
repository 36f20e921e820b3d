//! The words by which a reply would state an effect instead of receipt: the one place that lists them.
//!
//! A passive reply is written before anybody knows whether the answer counts, is right or is in time.
//! So no reply may say so, and the words that answer a join or an answer may not even come near it.
//! "以你最先发出的有效答案为准" is a rule of the game and stays allowed.

/// Refused in every template: they tell a fan what his message achieved.
pub const EFFECT_IN_ANY_REPLY: &[&str] = &[
    "答对了",
    "答错了",
    "回答正确",
    "回答错误",
    "答案正确",
    "答案错误",
    "恭喜",
    "已中奖",
    "你中奖",
    "您中奖",
    "未中奖",
    "没有中奖",
    "你赢",
    "您赢",
    "已得分",
    "你的得分",
    "您的得分",
    "你的排名",
    "您的排名",
    "你排在",
    "您排在",
    "已计分",
    "已计入",
    "计入成功",
    "作答成功",
    "答题成功",
    "抢答成功",
    "抢到了",
    "you won",
    "congratulations",
];

/// Refused besides in the words that answer a join, an answer or a claim.
pub const EFFECT_IN_CONTEST_REPLIES: &[&str] = &[
    "答对",
    "答错",
    "正确",
    "错误",
    "中奖",
    "获奖",
    "得奖",
    "排名",
    "名次",
    "第一名",
    "得分",
    "积分",
    "加分",
    "计分",
    "计入",
    "已生效",
    "答案有效",
    "回答有效",
    "作答有效",
    "答案无效",
    "回答无效",
    "作答无效",
    "有效作答",
    "有效回答",
    "及时",
    "赶上了",
    "没赶上",
    "太晚了",
    "成功",
    "correct",
    "counted",
    "in time",
    "rank",
    "score",
    "winner",
];

/// The first listed word that stands in the text.
#[must_use]
pub fn effect_stated(text: &str, of_the_contest: bool) -> Option<&'static str> {
    let text = text.to_lowercase();
    let strict = if of_the_contest {
        EFFECT_IN_CONTEST_REPLIES
    } else {
        &[]
    };
    EFFECT_IN_ANY_REPLY
        .iter()
        .chain(strict)
        .find(|word| text.contains(**word))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipt_is_allowed_and_effect_is_not() {
        let receipt = "收到:A(第3题,以你最先发出的有效答案为准,结果以公布为准)";
        assert_eq!(effect_stated(receipt, true), None);
        assert_eq!(effect_stated("你答对了！", false), Some("答对了"));
        assert_eq!(effect_stated("回答有效", true), Some("回答有效"));
        assert_eq!(effect_stated("You are in TIME", true), Some("in time"));
        assert_eq!(effect_stated("中奖名单以公布为准", true), Some("中奖"));
        assert_eq!(
            effect_stated("中奖名单以公布为准", false),
            None,
            "a rule about results may"
        );
    }
}
