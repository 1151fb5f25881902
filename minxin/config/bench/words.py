"""What people write about, by topic: the sentences from which the bench's cases are put together.

Topics have weights and names are made of parts, so that a search meets what it would meet in life: words in every
tenth case, words in some hundred, and names that stand in a few dozen of a million.
"""

from dataclasses import dataclass
from random import Random

BUREAUS = {
    "ZJJ": "住房和城乡建设局",
    "RSJ": "人力资源和社会保障局",
    "CGJ": "城市管理综合执法局",
    "JYJ": "教育局",
    "GAJ": "公安局",
    "MZJ": "民政局",
    "CZJ": "财政局",
    "WJW": "卫生健康局",
}


@dataclass(frozen=True)
class Topic:
    """A matter people complain of: its category, the bureau that handles it, how often, and the sentences."""

    category: str
    bureau: str
    weight: int
    titles: tuple[str, ...]
    told: tuple[str, ...]
    done: tuple[str, ...]


TOPICS = (
    Topic(
        "0401",
        "ZJJ",
        16,
        ("{estate}{building}号楼室内温度不达标", "{estate}供暖不热", "{road}一带停暖报修无人处理"),
        (
            "入冬以来室内温度只有{n}度，老人和孩子都穿着棉衣",
            "多次拨打供热公司电话，每次都说已经登记",
            "邻居家同样不热，{building}号楼整个单元都反映过",
            "暖气片上半截是凉的，放了几次气也不见好",
        ),
        (
            "已责成供热公司上门测温，实测{n}度，低于规定标准",
            "更换了{building}号楼的循环泵并清洗管网",
            "复测室温已达到标准，停暖期间的热费{amount}元退还用户",
        ),
    ),
    Topic(
        "0102",
        "ZJJ",
        14,
        ("{estate}物业费涨价没有公示", "{estate}物业收取停车费不开票", "{estate}物业服务质量差还催缴物业费"),
        (
            "物业公司没有召开业主大会就把物业费涨了{n}成",
            "楼道里的灯坏了{days}天没有人修，卫生也没有人打扫",
            "我们要求公示收支账目，物业人员说没有这个义务",
            "小区大门的门禁已经坏了很久，外来车辆随便进出",
        ),
        (
            "已约谈物业公司负责人，要求在公示栏公布收费标准和收支情况",
            "多收的费用{amount}元已经退还业主",
            "楼道照明和门禁已修复，今后每月检查一次",
        ),
    ),
    Topic(
        "100101",
        "RSJ",
        12,
        ("{company}拖欠农民工工资{amount}元", "{estate}工地拖欠工资", "{company}以各种理由不发工资"),
        (
            "我从{month}月开始在工地干活，到现在一分钱工资都没有拿到",
            "一共有{n}个工友，总共欠我们{amount}元",
            "包工头说甲方没有拨款，让我们再等一等",
            "家里老人看病、孩子上学都等着用这笔钱",
        ),
        (
            "劳动保障监察大队已立案调查，{company}承认拖欠事实",
            "经过协调，拖欠的工资{amount}元已全部发放到本人银行卡",
            "对用人单位下达了限期改正指令书",
        ),
    ),
    Topic(
        "0803",
        "CGJ",
        10,
        ("{road}路面破损严重", "{road}修路挖开后迟迟不恢复", "{road}坑洼积水影响出行"),
        (
            "{road}从{shop}到路口这一段路面全是大坑，骑车很容易摔倒",
            "下雨以后积水有半尺深，看不出哪里有坑",
            "施工单位挖开以后{days}天没有回填，也没有设置警示标志",
            "附近学校的孩子每天都要从这里走",
        ),
        (
            "已列入本年度道路维修计划，{month}月底前完成施工",
            "先行用冷补料对{road}的坑洼进行了填补",
            "已要求施工单位设置围挡和警示标志",
        ),
    ),
    Topic(
        "070102",
        "GAJ",
        9,
        ("{shop}夜间噪声扰民", "{estate}广场舞噪声扰民", "{road}烧烤摊深夜吵闹"),
        (
            "每天晚上十点以后还在放音乐，一直到凌晨{n}点",
            "我家孩子正在备考，根本没有办法休息",
            "报警以后安静一会儿，民警走了又开始",
            "住在附近的居民都深受其害",
        ),
        (
            "派出所民警已到现场检查，对经营者进行了批评教育",
            "要求{shop}晚上十点以后不得使用音响",
            "连续{days}天夜间巡查，未再发现扰民情况",
        ),
    ),
    Topic(
        "1302",
        "JYJ",
        7,
        ("{school}违规收取资料费", "{school}强制学生订购校服", "{school}课后服务变相收费"),
        (
            "{school}要求每个学生交{amount}元资料费，没有收据",
            "家长提出疑问，老师说是自愿的，可是不交的孩子被点名",
            "班级群里由家长委员会代收，学校说不知道",
            "希望查清楚这笔钱用在了什么地方",
        ),
        (
            "经查，{school}有个别班级委托家长代收费用，违反收费管理规定",
            "已责令全部清退，共计{amount}元退还学生家长",
            "对学校负责人进行约谈，并在全县教育系统通报",
        ),
    ),
    Topic(
        "0506",
        "CGJ",
        6,
        ("{estate}下水道堵塞污水外溢", "{road}雨后内涝", "{estate}化粪池长期不清掏"),
        (
            "污水从井口冒出来，流得满院都是，气味非常大",
            "社区说归物业管，物业说归市政管，推来推去没有人管",
            "一楼的住户已经没有办法开窗",
            "去年也堵过一次，只是简单捅了一下",
        ),
        (
            "已安排疏通车对{estate}的主管道进行清淤",
            "更换破损管道{n}米，井盖已经加固",
            "明确由物业公司负责日常养护，社区监督",
        ),
    ),
    Topic(
        "0202",
        "ZJJ",
        6,
        ("{estate}逾期交房", "{estate}停工开发商失联", "{company}迟迟不办理不动产登记"),
        (
            "合同约定{month}月交房，到现在楼体还没有封顶",
            "售楼处已经关门，电话也没有人接",
            "我们每个月既要还贷款又要付房租，压力非常大",
            "要求公开预售资金监管账户的使用情况",
        ),
        (
            "已成立专班进驻项目，督促{company}筹措资金复工",
            "目前{building}号楼已恢复施工，预计{month}月具备交付条件",
            "逾期违约金由双方协商，协商不成的可以通过诉讼解决",
        ),
    ),
    Topic(
        "1204",
        "WJW",
        5,
        ("异地住院医保报销比例低", "{school}退休教师医保报销迟迟不到账", "慢性病门诊报销手续复杂"),
        (
            "去年{month}月在外地住院花了{amount}元，回来以后只报销了一小部分",
            "窗口让我跑了{n}趟，每次要的材料都不一样",
            "网上查不到报销进度，打电话没有人接",
            "希望能够一次告知需要哪些材料",
        ),
        (
            "经核实，您的住院费用按照异地就医备案标准结算",
            "少报的{amount}元已补支付到您的社会保障卡",
            "窗口工作人员没有一次告知，已进行批评教育",
        ),
    ),
    Topic(
        "0901",
        "GAJ",
        4,
        ("{town}办理户口迁移被多次推诿", "身份证办理超过{days}天没有拿到", "新生儿落户要求开各种证明"),
        (
            "派出所让我去社区开证明，社区说不需要开",
            "来回跑了{n}趟，请假扣了不少工资",
            "同样的材料，别的派出所当天就办好了",
            "希望明确到底需要什么材料",
        ),
        (
            "您的户口迁移手续已经办结，户口簿可以随时领取",
            "对窗口民警未一次告知的问题进行了批评",
            "已在大厅公示所需材料清单",
        ),
    ),
    Topic(
        "1501",
        "CZJ",
        4,
        ("{town}{village}惠农补贴没有足额发放", "{village}地力补贴被扣", "{village}种粮补贴名单没有公示"),
        (
            "我家有{n}亩地，补贴只发了一半",
            "村里说要从补贴里扣水费，没有人同意过",
            "同村其他人家也是这样，名单一直没有公示",
            "要求查清被扣的{amount}元用在了哪里",
        ),
        (
            "经核对“一卡通”发放记录，{village}共有{building}户补贴少发",
            "被扣的{amount}元已如数补发到农户账户",
            "对村委会违规代扣的问题，由镇纪委予以通报批评",
        ),
    ),
    Topic(
        "1601",
        "CZJ",
        3,
        ("{school}教师津贴拖欠", "{town}财政拖欠乡镇干部工资", "{school}绩效工资没有按时发放"),
        (
            "从{month}月起绩效工资就没有发，学校说财政没有拨款",
            "全校{building}名教师都是这样",
            "去教育局问过，教育局说要问财政局",
            "希望给一个明确的发放时间",
        ),
        (
            "财政部门已于{month}月将{amount}元拨付到学校账户",
            "所欠津贴已全部发放到个人",
            "建立按月调度机制，防止再次拖欠",
        ),
    ),
    Topic(
        "0601",
        "CGJ",
        3,
        ("{road}占道经营堵塞交通", "{shop}占用人行道摆摊", "{estate}门口早市影响通行"),
        (
            "摊位把整条路都占了，消防车都进不来",
            "收摊以后垃圾满地，臭气难闻",
            "{shop}把桌椅摆到了盲道上",
            "城管来了就收，走了又摆",
        ),
        (
            "已对{road}两侧占道摊位进行集中整治，引导商户入市经营",
            "对{shop}下达责令改正通知书",
            "增加早晚高峰时段的巡查",
        ),
    ),
    Topic(
        "1101",
        "MZJ",
        3,
        ("{village}低保评定不公平", "申请低保{days}天没有答复", "{town}取消低保没有说明理由"),
        (
            "我本人有{n}级残疾，没有劳动能力，申请低保一直没有结果",
            "村里有的人家盖了新房还在吃低保",
            "去镇里问，工作人员让我回家等电话",
            "希望上级派人实地来看一看",
        ),
        (
            "民政部门入户核查，符合最低生活保障条件，已按程序纳入",
            "从{month}月起每月发放{amount}元",
            "{village}低保名单已重新公示",
        ),
    ),
    Topic(
        "1801",
        "CZJ",
        2,
        ("{company}办理经营许可审批拖延", "{shop}办证被要求找指定中介", "工程款结算审核超过{days}天"),
        (
            "材料交上去以后没有任何消息，问了几次都说领导不在",
            "窗口说要找指定的中介机构出报告，收费{amount}元",
            "别的城市三天就能办完",
            "影响了企业正常开工",
        ),
        ("审批部门超时属实，已当场办结并发证", "取消指定中介的做法，所收{amount}元退还", "对责任人进行提醒谈话"),
    ),
    Topic(
        "2110",
        "GAJ",
        2,
        ("表扬{town}派出所民警", "感谢{estate}社区工作人员", "表扬{road}环卫工人拾金不昧"),
        (
            "老人走失{n}个小时，民警连夜帮助找到",
            "我丢失的手提包里有{amount}元现金，环卫工人原样归还",
            "他们的工作态度让我非常感动",
            "希望上级给予表扬",
        ),
        ("感谢您的肯定，已将表扬转达本人和所在单位", "有关事迹已在系统内通报", "我们将继续做好服务"),
    ),
)
WISHES = (
    "请有关部门尽快解决",
    "希望给一个明确的答复",
    "请上级部门派人调查核实",
    "要求退还多收的费用",
    "希望能公开处理结果",
    "请帮助协调",
    "我可以提供照片和票据",
    "以前反映过一次没有结果",
)
OPENINGS = (
    "收到您的反映后我们立即安排核实",
    "经调查，您反映的情况属实",
    "经调查，您反映的情况部分属实",
    "您好，来件收悉",
    "我局高度重视，派专人到现场了解情况",
    "经与您电话联系，核实了有关情况",
)
CLOSINGS = (
    "感谢您对我们工作的监督和支持",
    "如有疑问请拨打承办单位值班电话",
    "欢迎您继续提出宝贵意见",
    "已将结果电话告知您本人",
)

_FIRST = (
    "东西南北新安兴平永福康华金银玉龙凤鹤松柏柳桃杏梅兰竹菊荷春夏秋冬"
    "红青白紫海河江湖山川云霞星月光明和顺祥瑞德善仁信义礼文武"
)
_ESTATES = ("花园", "小区", "新村", "家园", "名苑", "新城", "华庭", "雅居", "公馆", "嘉园")
_ROADS = ("路", "街", "大街", "巷", "北路", "南路", "东街", "西街")
_SCHOOLS = ("小学", "中学", "第一中学", "实验小学", "幼儿园", "职业学校")
_SHOPS = ("烧烤店", "饭店", "歌厅", "超市", "洗浴中心", "修理厂", "棋牌室", "早餐店")
_COMPANIES = (
    "建筑工程有限公司",
    "房地产开发有限公司",
    "劳务有限公司",
    "物业服务有限公司",
    "供热有限公司",
    "商贸有限公司",
)


def _name(random: Random, letters: int = 2) -> str:
    return "".join(random.choices(_FIRST, k=letters))


def names(random: Random) -> dict[str, str]:
    """What fills the gaps of one case's sentences; a name made of three letters is rare among a million cases."""
    pick = random.choice
    return {
        "estate": _name(random) + pick(_ESTATES),
        "road": _name(random) + pick(_ROADS),
        "school": _name(random) + pick(_SCHOOLS),
        "shop": _name(random, 3) + pick(_SHOPS),
        "company": _name(random, 3) + pick(_COMPANIES),
        "town": _name(random) + pick("镇乡"),
        "village": _name(random) + pick(("村", "屯村", "沟村", "台村")),
        "building": str(random.randint(1, 60)),
        "amount": str(random.randint(1, 400) * pick((1, 10, 50, 100)) + random.randint(0, 99)),
        "month": str(random.randint(1, 12)),
        "days": str(random.randint(5, 90)),
        "n": str(random.randint(2, 18)),
    }


WEIGHTS = [topic.weight for topic in TOPICS]


@dataclass(frozen=True)
class Written:
    """The texts of one case."""

    topic: Topic
    title: str
    question: str
    answer: str


def write(random: Random, place: str) -> Written:
    """One case's title, question and answer; `place` is the name of the county or city it happened in."""
    topic = random.choices(TOPICS, WEIGHTS)[0]
    gaps = names(random)
    told = random.sample(topic.told, random.randint(2, len(topic.told)))
    done = random.sample(topic.done, random.randint(2, len(topic.done)))
    question = "，".join([f"我是{place}居民", *told, random.choice(WISHES)]) + "。"
    answer = "，".join([random.choice(OPENINGS), *done, random.choice(CLOSINGS)]) + "。"
    return Written(topic, random.choice(topic.titles).format(**gaps), question.format(**gaps), answer.format(**gaps))
