// Proof of work against robots: tells the widget where its workers are (the policy allows none made of text) and its words.
// A module after the widget's own, so that it is there; the widget asks for its algorithm only when it begins to work.

const widget = document.querySelector("altcha-widget[data-pbkdf2]");

if (widget && globalThis.$altcha) {
  const { pbkdf2, sha } = widget.dataset;
  for (const bits of ["256", "384", "512"]) {
    globalThis.$altcha.algorithms.set(`PBKDF2/SHA-${bits}`, () => new Worker(pbkdf2));
    globalThis.$altcha.algorithms.set(`SHA-${bits}`, () => new Worker(sha));
  }
  globalThis.$altcha.i18n.set("zh", {
    ariaLinkLabel: "ALTCHA 网站",
    cancel: "取消",
    enterCode: "请输入验证码",
    enterCodeAria: "请输入听到的验证码，按空格键播放",
    enterCodeFromImage: "请输入图中的验证码后继续",
    error: "验证没有成功，请稍后再试一次",
    expired: "验证过期了，请再点一次",
    footer: "",
    getAudioChallenge: "听验证码",
    label: "我不是机器程序",
    loading: "正在准备……",
    reload: "重新来过",
    required: "请先完成这一步",
    verify: "验证",
    verificationRequired: "请先点一下这里",
    verified: "好了，可以提交",
    verifying: "正在验证，几秒钟就好",
    waitAlert: "正在验证，请稍候",
  });
}
