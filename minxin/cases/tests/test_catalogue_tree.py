"""The seeded categories and keywords, and the tree as the pages read it."""

import csv
from datetime import date
from pathlib import Path

import pytest

from minxin.cases.models import Category, KeywordRow, snapshot
from minxin.cases.reports import catalogue
from minxin.cases.rules import catalogue as rules
from minxin.cases.rules import routing

SEEDS = Path(__file__).parent.parent / "seeds"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh():
    snapshot.forget()


def rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_seed_has_twenty_one_top_categories_and_a_hundred_and_seventy_eight_below_in_force_from_the_first_day():
    codes = list(Category.objects.filter(valid_to=None, valid_from=date(2004, 5, 21)).values_list("code", flat=True))
    sizes = [len(code) for code in codes]
    assert (sizes.count(2), sizes.count(4)) == (21, 178)
    assert sizes.count(6) >= 15


def test_every_category_has_its_parent_and_siblings_are_numbered_without_gaps():
    codes = {row["code"] for row in rows("categories.csv")}
    for code in codes:
        assert len(code) == 2 or code[:-2] in codes
        assert code[-2:] == "01" or f"{code[:-2]}{int(code[-2:]) - 1:02d}" in codes
    assert [row["code"] for row in rows("categories.csv")] == sorted(codes)


def test_names_are_not_repeated_among_siblings():
    found = rows("categories.csv")
    assert len({(row["code"][:-2], row["name"]) for row in found}) == len(found)


def test_every_keyword_points_to_a_seeded_category_and_every_second_level_category_has_keywords():
    known = {row["code"] for row in rows("categories.csv")}
    words = rows("keywords.csv")
    assert {row["category"] for row in words} <= known
    assert {row["category"][:4] for row in words} >= {code for code in known if len(code) == 4}
    assert all(2 <= len(row["word"]) <= 30 and 1 <= int(row["weight"]) <= 10 for row in words)
    assert KeywordRow.objects.count() == len({(row["word"], row["category"]) for row in words}) == len(words)


def test_the_tree_has_three_levels_in_order_of_code_and_costs_one_query_once(django_assert_num_queries):
    with django_assert_num_queries(1):
        tree = catalogue.tree()
    with django_assert_num_queries(0):
        assert catalogue.tree() == tree
        assert catalogue.name("1001") == "劳动与社会保障 › 拖欠工资"
    assert [node.code for node in tree] == [f"{number:02d}" for number in range(1, 22)]
    wages = next(node for node in tree[9].children if node.code == "1001")
    assert [leaf.name for leaf in wages.children] == ["拖欠农民工工资", "企业拖欠工资"]


def test_names_lead_from_the_top_down_and_an_unknown_code_has_none():
    assert catalogue.names("100101") == ("劳动与社会保障", "拖欠工资", "拖欠农民工工资")
    assert catalogue.names("9999") == ()
    assert catalogue.name("") == ""


def test_a_closed_category_leaves_the_tree_but_old_cases_still_find_its_name():
    Category.objects.filter(code="2109").update(valid_to=date(2020, 1, 1))
    snapshot.forget()
    assert "2109" not in {node.code for top in catalogue.tree() for node in top.children}
    assert catalogue.names("2109") == ("应急文旅法务及其他", "统计气象")


def test_a_category_without_its_parent_grows_on_no_tree():
    assert rules.grow({"01": "甲", "0101": "乙", "0201": "丙"}) == (
        rules.Node("01", "甲", (rules.Node("0101", "乙"),)),
    )


# What people write, and the second-level category that a dispatcher would choose.
COMPLAINTS = [
    ("小区电梯坏了一个多月，物业一直不修，老人上下楼很困难。", "0104"),
    ("物业公司收物业费却不打扫楼道，楼道垃圾堆了好几天。", "0101"),
    ("物业费从每平米一块二涨到两块，没有经过业主同意就乱收费。", "0102"),
    ("小区消防通道被私家车堵死，物业不管。", "0108"),
    ("房子买了八年一直办不了房产证，开发商推脱。", "0201"),
    ("楼盘逾期交房两年，工地早就停了，成了烂尾楼。", "0202"),
    ("顶楼漏水，每逢下雨屋里就漏雨，房屋质量太差。", "0203"),
    ("提取公积金跑了三次都没办成。", "0204"),
    ("想问一下公租房申请需要什么条件。", "0205"),
    ("征地补偿款两年了还没有发到我们手里。", "0301"),
    ("回迁房说好三年，现在五年了还没有回迁，过渡费也停发了。", "0302"),
    ("对面新楼挡光，我家一楼采光权受到影响。", "0305"),
    ("家里暖气不热，室温只有十五度，老人孩子都感冒了。", "0401"),
    ("报停供热后热费退费一直不给退。", "0403"),
    ("小区天然气开通了三年，我们楼一直没通天然气。", "0405"),
    ("我们村停水一个星期了，没有水做饭。", "0501"),
    ("自来水浑浊，水发黄还有异味。", "0502"),
    ("一到夏天就频繁停电，供电所来了也不解决。", "0504"),
    ("下水堵塞，污水外溢到一楼住户家里。", "0506"),
    ("早市占道经营，店外经营把人行道全占了。", "0601"),
    ("楼上邻居私搭乱建阳光房，违建举报多次没人拆。", "0603"),
    ("小区门口的垃圾箱满了没人清理，垃圾清运不及时。", "0604"),
    ("门前路灯坏了半年，晚上漆黑一片，路灯不亮。", "0606"),
    ("马路上井盖破损，很危险。", "0607"),
    ("流浪狗成群，有人遛狗不牵绳。", "0609"),
    ("工地夜间施工到凌晨两点，噪音太大没法睡觉。", "0701"),
    ("楼下烧烤店油烟扰民，排烟直接对着窗户。", "0702"),
    ("化工厂夜里排放废气，味道刺鼻。", "0704"),
    ("有工厂向河里偷排污水，河水污染发黑。", "0705"),
    ("村民焚烧秸秆，到处是烟。", "0707"),
    ("公交车班次太少，等车时间要一个小时。", "0801"),
    ("出租车拒载还绕路。", "0802"),
    ("门前这条路坑洼不平，路面塌陷没人修。", "0803"),
    ("路口信号灯坏了好几天，红绿灯不亮。", "0805"),
    ("给孩子迁户口，派出所让我来回跑。", "0901"),
    ("电子眼抓拍有问题，要求撤销交通罚单。", "0903"),
    ("被电信诈骗骗走两万元。", "0905"),
    ("我们十几个农民工在工地干活，包工头拖欠工资十二万元。", "1001"),
    ("公司拖欠工资三个月不发。", "1001"),
    ("单位把我辞退了，不给经济补偿金，也没签劳动合同。", "1002"),
    ("企业不交社保，已经断了两年。", "1003"),
    ("退休两年了养老金少算了工龄。", "1004"),
    ("在厂里受伤，工伤认定一直没有结果。", "1005"),
    ("母亲低保被取消，家里没有收入。", "1101"),
    ("残疾证办了半年，残疾补贴没有发。", "1106"),
    ("退役军人的优待金没有到账，我是退伍老兵。", "1107"),
    ("医院过度检查，住院费多收了两千多。", "1201"),
    ("医生态度恶劣，护士态度也不好。", "1202"),
    ("手术失败，怀疑是医疗事故。", "1203"),
    ("医保报销比例为什么这么低，新农合报不了。", "1204"),
    ("异地就医回来报销被拒。", "1205"),
    ("孩子上学难，学区划片不合理，入学报不上名。", "1301"),
    ("学校强制订购教辅费和校服费。", "1302"),
    ("班主任在校外有偿补课，一学期收三千。", "1303"),
    ("老师体罚学生，打孩子手心。", "1304"),
    ("学校食堂饭菜里有虫子，学生餐质量差。", "1306"),
    ("培训机构跑路，课时费不退。", "1307"),
    ("学校拖欠教师工资和班主任津贴。", "1309"),
    ("在超市买到过期食品。", "1401"),
    ("买的手机是假货，假冒伪劣。", "1402"),
    ("健身房办卡后关门跑路，健身卡余额不退。", "1404"),
    ("网购的衣服不给七天无理由退货。", "1405"),
    ("加油站缺斤少两。", "1407"),
    ("种粮补贴三年没发到农户手里。", "1501"),
    ("村里把我的承包地分给了别人，土地承包合同还没到期。", "1502"),
    ("宅基地申请批了又不让盖房。", "1503"),
    ("村务公开栏三年没换，村里账目不清。", "1504"),
    ("村书记态度粗暴，村干部不给老百姓办事。", "1505"),
    ("机井坏了浇不上地，水渠也堵了。", "1506"),
    ("进村路全是泥，村村通修了一半就停了。", "1507"),
    ("县里拖欠财政工资和津贴补贴。", "1601"),
    ("项目的专项资金一直没有拨付到乡里。", "1602"),
    ("财政局从工资里扣了扶贫款和优抚捐款，没有征求意见。", "1603"),
    ("政府采购中标结果不公，要求采购投诉。", "1605"),
    ("惠农一卡通里的钱一直没到账。", "1608"),
    ("商家不开发票，税务局也不处理。", "1701"),
    ("银行贷款利息算错了，征信也受影响。", "1702"),
    ("保险公司拒赔，车险理赔拖了三个月。", "1703"),
    ("宽带网速慢，移动公司乱扣话费。", "1705"),
    ("天天收到垃圾短信和骚扰电话。", "1706"),
    ("快递丢失，驿站不赔偿。", "1707"),
    ("企业办审批手续拖了半年，超期审批。", "1801"),
    ("办手续时被吃拿卡要，故意刁难。", "1802"),
    ("对企业乱罚款乱摊派，不合理收费。", "1803"),
    ("招商引资时承诺的扶持资金不兑现。", "1804"),
    ("镇政府欠工程款八年，政府欠款一直不还。", "1805"),
    ("招标过程有人围标串标。", "1807"),
    ("去了五次，两个部门互相推，踢皮球，没人管。", "1901"),
    ("窗口工作人员态度生硬，爱答不理。", "1902"),
    ("打了热线，答复敷衍，答非所问。", "1906"),
    ("申请信息公开没有答复，政务公开不到位。", "1907"),
    ("村里有人冒领补贴，中饱私囊，贪污集体的钱。", "2001"),
    ("领导挪用公款，私设小金库。", "2002"),
    ("干部大吃大喝，公款吃喝。", "2006"),
    ("工厂存在重大安全隐患，违规作业，安全生产没人抓。", "2101"),
    ("导游强迫购物，旅行社不退门票。", "2104"),
    ("法院判决胜诉两年，执行难，老赖不还钱。", "2107"),
    ("送一面锦旗，感谢信表扬好人好事。", "2110"),
]


def test_typical_complaints_find_their_second_level_category():
    book = snapshot.keywords()
    wrong = []
    for text, expected in COMPLAINTS:
        guess = routing.guess_category(text, book)
        if guess is None or guess.category[:4] != expected:
            wrong.append((text, expected, guess))
    assert wrong == []
