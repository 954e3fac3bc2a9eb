import type { RuleBook } from './rule-book.ts'

/**
 * Words of a class are separated by blanks; `analy*` is a prefix of 5 to 7 letters. A rule is a weight and elements in
 * their order, at most two other words between them: a word, alternatives (`bug|error`), a class (`@make`), and `^`
 * for the start of a sentence, where words of politeness do not count.
 */
export const english: RuleBook = {
  words: {
    polite: `hi hello hey hiya hallo good morning afternoon evening day please pls plz kindly can could would
      will you u i id im like want need to just so ok okay dear sorry thanks thank lets us me we well right also
      then and but now help quickly quick question`,
    make: `write draft create make generate produce build craft prepare implement compose give need want wants
      develop wrote writing creating making crate genrate come put do`,
    reword: `rewrite reword rephrase paraphrase shorten polish proofread proof-read translate translated
      translating condense simplify edit tidy reformulate summarise summarize summary recap transcribe translation
      soften trim rewrit* paraphr* summari* proofre* transla* typos grammar spelling`,
    letter: `letter letters email emails mail e-mail note notes memo message msg reply response minutes
      invitation invite reference notice announcement handout leaflet newsletter sms statement card referral
      handover sbar soap complaint agenda certificate testimonial circular email paragraph report brochure press
      release bio cv resume apology condolence thank-you summary abstract instructions flyer poster whatsapp slack
      linkedin post caption faq disclaimer checklist script document policy text wording sentence version blurb
      intro discharge`,
    tone: `tone formal polite politely friendly professional professionally warm warmer diplomatic plain gentler
      concise clearer empathetic lay layman bullets bullet wording sound sounds tactful readable respectful
      grammatical`,
    art: `poem poems haiku limerick story stories tale tales song lyrics slogan slogans tagline taglines joke
      jokes pun puns novel scene dialogue monologue metaphor metaphors parody rap riddle fairy bedtime sketch skit
      screenplay fable myth legend eulogy toast verse verses rhyme rhymes rhyming ballad sonnet npc villain plot
      fiction fictional imaginary mascot jingle dragon dragons pirate pirates wizard ode acrostic roast funny
      humorous whimsical playful invent invented inventing imagine pretend roleplay role-play improvise witty
      comic spooky superhero lullaby fantasy sci-fi noir satire satirical anecdote backstory narrator protagonist
      pet-name catchy nickname nicknames chorus stanza fairytale character characters poetic poetry dramatic
      made-up metapho* fiction* invent* haikus limeri* sloga* monolo*`,
    names: `name names title titles motto acronym`,
    program: `function functions func script scripts query queries sql regex regexp regexes code program macro
      macros method api endpoint json yaml xml css html javascript typescript python java golang rust bash shell
      powershell awk sed jq vba excel spreadsheet dockerfile docker compose nginx kubernetes kubectl terraform git
      github crontab cron systemd pandas numpy dataframe df django flask react component loop array variable
      compile compiler exception traceback stacktrace nullpointerexception refactor linter eslint webpack npm
      postgres postgresql mysql sqlite oracle tsql stored jest pytest unittest decorator async await webhook
      parser parse deserialize deserialise snippet one-liner oneliner lambda makefile gitignore vim ssh node
      nodejs angular vue svelte tailwind php laravel ruby rails kotlin swift scala haskell perl fortran matlab
      stata sas tidyverse dplyr ggplot recursion recursive algorithm class inheritance constructor constant
      pipeline jenkins ansible helm selenium scraper crawler graphql mongodb mongo redis kafka segfault typeerror
      keyerror indexerror valueerror syntaxerror undefined nan null commit rebase branch merge repo rowcount
      vlookup xlookup countif sumif pivot sumifs countifs jinja template css3 hl7 fhir mirth dict dictionary
      debug debugging refactor linux unix ubuntu terminal matplotlib scipy tensorflow pytorch cli regexes loops
      struct pointer mutex thread deadlock cte groupby join subquery csv javasc* typesc* powersh* postgre*
      datafra* formula formulas cell column sheets unit tests`,
    fix: `fix debug refactor repair optimise optimize patch fixing fixed debugging broken correct rewrite
      convert port solve speed stop stopped fails failing crashes crash crashing`,
    bug: `bug bugs error errors exception crash fails fail failing broken works wrong returns throws complains`,
    codeword: `def select const let var return import void public static println printf echo elif endif foreach
      async await true false null none int str len while args sudo grep chmod mkdir tar print console`,
    evidence: `evidence study studies trial trials rct rcts meta-analysis meta-analyses metaanalysis
      metaanalyses meta metas systematic review reviews literature lit guideline guidelines cochrane pubmed
      citation citations cite citing cited references refs sources source doi dois peer-reviewed peer published
      publications papers paper articles bibliography journal journals cohort randomised randomized consensus
      recommendations recommend nice esc idsa aha acc who randomi* metaana* systema* literat* guideli* guidlines
      empirical scholarly academic researchers observational replicated findings preprints medline embase scholar
      eular nejm lancet jama cdc`,
    research: `research known published state current latest recent debate consensus survey scientific science`,
    options: `options possibilities ideas brainstorm ways kinds types sorts approaches avenues themes angles
      alternatives directions topics categories flavours areas aspects dimensions possibility forms varieties uses
      applications opportunities things methods scenarios perspectives brainst* possibi* options idea`,
    open: `explore exploring overview landscape range spectrum broad broadly wide panorama map tour variety
      various curious breadth field everything anything whatever exist exists around possible grand world gamut
      universe bunch different diverse brainstorming big-picture gathering wonder wondering could might overviews
      rundown spread landsca* explor* start starting beginner primer introduction introduce`,
    decide: `best strategy decide decision choose whether should better prove proof derive calculate calculation
      compute plan prioritise prioritize prioritised weigh tradeoff tradeoffs trade-off trade-offs trade pros cons
      optimal optimum justify justification differential ddx reason reasoning puzzle probability cheapest schedule
      allocate feasible worth rank ranking sequence recommend conclude infer logical logically assume assuming
      deduce argue argument solve why estimate break-even breakeven cheaper safer safest riddle odds minimum
      maximum fastest shortest demonstrate triage stepwise approach priorit* strateg* calcula* differe* probabi*`,
    judge: `analyse analyze analysis interpret compare review check look read examine assess evaluate judge
      audit spot identify inspect interpretation detect categorise classify extract analy* interpr* evaluat*
      contrad* discrep* inconsi* go trends critique scrutinise scrutinize screen correlate infer`,
    material: `attached below following these this here data dataset table log logs results chart record records
      trend trends pattern patterns outlier outliers anomaly csv excerpt transcript spreadsheet export figures
      numbers values responses survey labs bloods readings report reports feedback comments list entries column
      columns rows attach attaching pasted paste contract clause abg ecg notes reviews audit`,
    deictic: 'this these below attached following above enclosed pasted here',
    document: `table log logs chart charts record records note notes report reports labs bloods results figures list
      lists invoice invoices contract statement version versions survey surveys responses graph plot ecg ekg xray
      form transcript dataset data spreadsheet file files numbers readings values interviews complaints letter
      essay audit minutes history findings scan scans referral chart budget budgets accounts sample samples`,
    asks: `which what who whose where when does do did is are was were has have how`,
    wh: `what whats when who whos where which how why whose is are does do did can was were`,
    fact: `define definition meaning mean means stand stands abbreviation acronym capital convert normal synonym
      antonym opposite spell spelling spelled plural singular code icd icd0 icd-10 cpt loinc snomed
      population author invented inventor discovered called boiling temperature half-life range abbrevi* defini*
      height distance unit units symbol formula word stands-for year birthday founded deadline age date day colour
      color hours weigh weighs weight dose maximum reference long big tall old far many much short extension
      number phone`,
    measure: `km miles mile ml mg kg kilos pounds lb lbs celsius fahrenheit cm inch inches feet foot ounce
      ounces oz litre litres liter liters teaspoon teaspoons tablespoon gallon cup cups grams gram mmol mcg
      minutes hours days bytes euros dollars degrees percent stone stones kelvin metres meters`,
    greeting: `hi hello hey hiya hallo morning afternoon evening thanks thank thx ty cheers bye goodbye
      goodnight yo howdy`,
    number: 'two three four five six seven eight nine ten eleven twelve twenty hundred thousand half',
    money: 'budget cost costs price euros eur usd gbp salary rent mortgage fee fees profit cheaper',
    people: 'patient pt woman man male female yo boy girl mr mrs ms year-old',
    limit: `must max maximum min minimum least exactly only without unless except under within cannot cant avoid
      required ensure keep limit`,
    given: 'from notes facts keep bullets words max page lines half',
  },
  rules: {
    CODING: [
      [4, '@make @program'],
      [4, '^ @make function|script|query|macro|regex|regexp|class|unit|parser|dockerfile|component|sql|loop'],
      [4, '@fix @program'],
      [3, 'find|spot|fix bug|bugs|error in this|code|function|script|following'],
      [4, 'find|fix|spot|whats|where bug|bugs'],
      [4, '^ debug|refactor|compile|recompile'],
      [4, 'bug in this|my|the'],
      [3, 'why code|function|script|query|loop|test|tests|build @bug'],
      [
        3,
        'explain|understand|what this|following|that code|function|regex|query|script|snippet|line|command|macro|loop',
      ],
      [3, 'what does this code|function|regex|query|script|snippet|command|line do'],
      [4, 'in python|javascript|typescript|java|sql|r|bash|excel|vba|powershell|go|rust|c|php|ruby|pandas|kotlin'],
      [3, 'excel|spreadsheet|sheets|calc formula|macro|function|cell|column'],
      [4, 'sql query'],
      [3, 'unit test|tests'],
      [4, 'regular expression|expressions'],
      [3, 'how do|to i @program'],
      [3, 'how to @program'],
      [3, 'stack trace'],
      [2, 'error|typeerror|warning message|line'],
      [2, 'config|configuration|yaml|cron|docker|nginx for|file'],
      [2, 'throws|returns|gives error|null|nan|undefined|wrong|exception|empty'],
      [1.5, '@program'],
      [1, '@codeword'],
      [2, 'select from where'],
      [3, 'select from'],
      [2, 'group by'],
      [3, 'convert|translate|port @program to'],
      [3, 'add|implement @program'],
      [2, '@deictic code|function|script|query|regex|loop|command|program|snippet|macro|class|method'],
      [2, 'my code|function|script|query|regex|loop|command|program|macro|class|method|app'],
    ],
    REASONING: [
      [4, 'what|whats is best|optimal|right|safest|most strategy|approach|way|plan|order|option|choice'],
      [3.5, 'what|whats best|optimal|right strategy|approach|way|plan|order|option|choice'],
      [3, 'best strategy|way|plan|approach|order|choice to|for'],
      [3, 'should i|we|they|he|she'],
      [3, 'which should i|we|one'],
      [3, 'which is better|best|safer|cheaper'],
      [3, 'is it|this better|safer|cheaper|wiser'],
      [3, 'whether to|we|i|should'],
      [3, 'step by step'],
      [3, 'pros cons'],
      [3, 'trade|tradeoff|tradeoffs|trade-offs'],
      [4, 'differential diagnosis|diagnoses|for'],
      [3, 'ddx'],
      [4, 'what|whats wrong|happening with|to patient|pt|woman|man|child|baby|boy|girl|him|her'],
      [4, '^ prove|derive|demonstrate that|why|by|the'],
      [4, '^ prove'],
      [3, 'work|figure|reason|think out|through|how|whether|if'],
      [3, '^ plan|decide|calculate|compute|prioritise|prioritize|allocate|schedule|determine|justify'],
      [2, '^ explain why'],
      [2, 'how should|would i|we|you'],
      [3, 'what should i|we do|first|next'],
      [2, 'next step|steps'],
      [3, 'most likely diagnosis|cause|explanation|reason'],
      [2, 'likely diagnosis|cause'],
      [2, 'how many|long|much if|need|will|must'],
      [3, 'help|me decide|choose'],
      [2, 'recommend|recommendation|decision'],
      [2, 'justify|defend|explain your'],
      [2, 'what would you do|choose|pick|recommend'],
      [2, 'is it worth|better|safe|safer|cheaper|feasible'],
      [2, 'probability|odds|chance that|of'],
      [2, 'or should'],
      [2, 'who|which|what|whom first|next|or'],
      [2, '@make plan|schedule|rota|timetable|proof|budget'],
      [2, 'why over|than|instead|not'],
      [2, 'design|devise|develop|propose plan|strategy|schedule|protocol|pathway|roadmap'],
      [2, 'rank these|them|options'],
      [2, 'assumptions|threshold|constraint|constraints'],
      [0.6, '@decide'],
      [0.5, '@money'],
    ],
    EXPLORATION: [
      [4, 'what are different|various|possible|some|all ways|types|kinds|options|approaches|angles|possibilities'],
      [3, 'what are options|possibilities|ways'],
      [3, 'what kinds|sorts|types|ways|range|sort|kind of|are|do'],
      [3, 'which kinds|sorts|types|ways'],
      [4, '^ brainstorm|explore'],
      [3, 'what could|might|can one|we|i|you|be|a|an'],
      [3, 'what is there to|around|beyond'],
      [3, 'whats out there'],
      [3, 'what else'],
      [3, 'what out there'],
      [3, 'lay of land'],
      [3, 'wide|broad|big net|overview|map|picture|range|tour|strokes'],
      [3, 'overview of'],
      [3, 'landscape'],
      [3, 'what should i know|consider|think'],
      [3, 'what to know|consider'],
      [2, 'tell me about|everything'],
      [2, 'give me ideas|overview|tour|list'],
      [3, 'ideas for|on|how|to|about'],
      [2, 'in general|broadly|breadth'],
      [3, 'no|not|dont ranking|rank|advice|pick|how-to|recommendation'],
      [2, 'throw everything|things|anything at'],
      [2, 'walk me through field|landscape|options|world'],
      [2, 'curious about|what'],
      [2, 'never worked|used|done'],
      [2, 'new to'],
      [3, 'map out'],
      [2, 'how do|are|might|could people|hospitals|companies|others|we'],
      [2, 'list|find topics|themes|angles|uses|ideas|things'],
      [2, 'possible ways|uses|directions|applications|causes|explanations'],
      [2, 'just curious|gathering|exploring|overview|want'],
      [2, 'open ended|question|minded'],
      [1, '@options'],
      [0.7, '@open'],
    ],
    WRITING: [
      [4, '@make @letter'],
      [4, '^ @reword'],
      [3, '@reword this|the|following|for|my|it|into|below'],
      [3, 'turn|put|convert|make this|these|it|into|bullets letter|email|mail|message|note|summary|minutes|paragraph'],
      [3, 'turn|put|make this|it into|sound|shorter|less|more'],
      [3, 'make|sound|sounds this|it more|less @tone'],
      [3, 'from my|these|this notes|scribbles|bullets|facts|points'],
      [3, 'reply|respond to this|patient|email|complaint|letter'],
      [3, 'in plain|simple|lay english|language|terms|words'],
      [3, 'fix|correct|check grammar|spelling|typos|english|mistakes'],
      [3, 'discharge summary|letter'],
      [3, 'letter|email|mail|note|message to|for'],
      [3, 'explain for patient|family|relatives'],
      [2, 'words|lines|page|sentences max|maximum'],
      [2, 'max|under|about words|characters|lines|page'],
      [2, 'patient information leaflet|sheet'],
      [2, 'cover|thank|out letter|you|office'],
      [2, 'progress|nursing|handover|referral|sick note|letter|report'],
      [1, '@reword'],
      [0.8, '@letter'],
      [0.8, '@tone'],
    ],
    SIMPLE: [
      [
        3,
        '^ what is|are|does capital|normal|meaning|abbreviation|plural|icd|cpt|code|definition|opposite|boiling|unit',
      ],
      [3, '^ whats capital|normal|meaning|abbreviation|plural|icd|cpt|code|definition|opposite|boiling|unit'],
      [3, 'what does stand|mean'],
      [3, 'stand|stands for'],
      [3, 'how many @measure'],
      [3, '^ convert'],
      [3, '^ define'],
      [3, 'definition of'],
      [3, 'normal|reference range|ranges|values|value'],
      [2, '^ who|when|where is|was|wrote|invented|discovered|did|are|does'],
      [3, '^ who invented|discovered|wrote|is|was'],
      [2, '^ is|are|does|do|can'],
      [2, 'how do you spell|say|pronounce'],
      [2, 'how old|tall|far|big|long|much|many is|are|in|does|was'],
      [3, 'yes or no'],
      [3, 'icd|icd0|cpt|loinc code|for'],
      [2, 'what year|time|day|date|colour|color|unit|port'],
      [2, 'in one|0 word|line|sentence'],
      [2, 'difference between'],
      [3, '^ @greeting'],
      [1, '@fact'],
      [0.7, '@measure'],
    ],
    ANALYSIS: [
      [4, '^ @judge this|these|following|attached|below|data|results|log|table|report|the'],
      [4, '^ analyse|analyze|interpret|compare|review|assess|evaluate|examine|audit'],
      [3, '@judge this|these|following|attached|below'],
      [4, 'attached|below is|are|find'],
      [3, 'here is|are|heres'],
      [4, 'i attach|attached|pasted|paste'],
      [3, 'attached'],
      [3, 'what|whats changed|wrong|off|odd|unusual|stands|missing|different|abnormal'],
      [3, 'tell me which|whether|where|who|what|if'],
      [3, 'from this|these|the log|table|data|numbers|report|figures|chart'],
      [3, 'does this|these|it contradict|support|fit|match|sound|look|suggest|meet|show'],
      [3, 'any|the pattern|patterns|trend|trends|outliers|anomalies|discrepancies|inconsistencies'],
      [2, 'what do|does these|this results|data|numbers|values|labs|mean|show|suggest|tell'],
      [2, 'which of these|the|those|them'],
      [2, 'look|read|go at|through|over this|these|the'],
      [2, 'according to log|table|data|report|note'],
      [2, 'summarise|summarize findings|trends|data|results|key'],
      [2, 'root cause'],
      [2, 'strengths weaknesses'],
      [2, '@deictic @document'],
      [2, '@document @deictic'],
      [2, '^ @wh @deictic @document'],
      [2, '^ is|are @deictic'],
      [2, '@judge @deictic'],
      [3, '^ @judge @document'],
      [3, '^ medication|medications|medicines|drug|chart|lab|labs|ecg review|check|analysis|interpretation'],
      [3, 'find|check|any|look|screen interactions'],
      [0.7, '@judge'],
      [0.6, '@material'],
    ],
    CREATIVE: [
      [4, '@make @art'],
      [3, '^ @art'],
      [4, 'once upon'],
      [4, 'role play'],
      [3, '^ imagine|pretend|invent|picture'],
      [3, 'you are|youre a|an|the'],
      [2, '^ youre|act a|an|the|as'],
      [3, 'in style|voice of'],
      [3, 'as if|though it|were|a|an'],
      [3, 'come|think|make up with|names|name|a|an|some'],
      [3, 'name|names|title|slogan|motto for'],
      [3, '@make @names'],
      [3, 'short|bedtime|detective|horror|love story|tale|letter'],
      [2, 'made up'],
      [2, 'fake|fictional|imaginary|mock'],
      [2, 'tell me story|joke'],
      [2, 'what|how would say|tell|write|order|sing'],
      [2, 'love letter|song|poem'],
      [1.5, '@art'],
      [0.6, '@names'],
    ],
    RESEARCH: [
      [
        4,
        'what does|do research|evidence|literature|studies|science|guidelines|guideline|trials say|show|' +
          'suggest|recommend',
      ],
      [4, 'evidence for|on|that|behind|about|of|base|against'],
      [4, 'literature on|review|search|about|overview'],
      [4, 'with|give|include|full references|refs|citations|sources'],
      [
        4,
        'latest|current|recent|newest|existing evidence|guidelines|guideline|research|studies|' +
          'literature|recommendations|trials',
      ],
      [4, 'is|any there evidence|studies|study|trials|data|research'],
      [3, 'any evidence|studies|study|trials|rcts'],
      [4, 'systematic review|reviews'],
      [4, 'meta analysis|analyses'],
      [3, 'what|whats known|published'],
      [3, 'state of art|research|literature|science|evidence|knowledge'],
      [3, 'current state'],
      [
        3,
        'find|search|list|need|looking studies|papers|sources|articles|trials|evidence|references|' +
          'guidelines|literature',
      ],
      [3, 'what do guidelines|studies|trials|we'],
      [3, 'peer reviewed'],
      [3, 'randomised|randomized|controlled|clinical trials|trial|studies'],
      [2, 'research on|into|about|says|shows|behind'],
      [2, 'compare guidelines|recommendations|evidence|trials'],
      [1.3, '@evidence'],
      [0.5, '@research'],
    ],
  },
}
