/** A real history: seconds or days since 1970, UTC: the first, then what lies between, to the base of 36. */
export interface RealChanges {
  readonly name: string;
  readonly unit: 'second' | 'day';
  readonly steps: string;
}

/**
 * When real packages changed, recorded on 22 November 2026, the last 400 changes of each at most.
 *
 * Debian: the moments at which maintainers signed off versions, from the packages' own changelogs: `zgrep '^ -- ' /usr/share/doc/PACKAGE/changelog.Debian.gz`.
 * npm: what builds stamped into their versions, for the registry's `time` is a mirror's, where there is one, and says when that got a version:
 * `npm view PACKAGE versions --json`. zod stamps the second, the others the day alone.
 */
export const realChanges: readonly RealChanges[] = [
  {
    name: 'Debian: binutils',
    unit: 'second',
    steps:
      'lb09jb mxd0 ldd3 y1zz 13tn zyqz o50g o33n 15wgd bh0d dfm1 g9tq mcik 97hu 3ehy 9l5i ac6n 24eg g4ay 9pi f5oj 97w 73ev brvg hw2j 3jgh 80b6 pyhj 4ol4 195j5 68md p5ui giwj cg73 y0wd 17ny 1o9g tt19 poip iozq 3dxo p6fp 1331 5m4d 3ui3 1e7lj 1135l 15po6 7n1t wfk6 29a6p 3mv3u 2eyxc a6b 1elb9 sxyy 9f2x x6vy 20a3 7s8q 2chq hvi5 1ixbb o61b gwpu b3tn piw4 1lu01 202mw hqab 1msqh 11g9x 1vqwk 12ipp evre 1nxop 8fvf 1nmk4 1jgfh 11239 1ji2n cmyz gt91 d8or 2d8m5 1z9so w6gg 13duu 1l4x sa11 1xqwd 1ntu 3vy8 i9o9 vlj9 9utp x0wm k234 d3m8 5u38 1lip ucad ri32 mrme bvii bp5u 1af2 125jp degi 90c ok7o 75wi 64z1 dv0j j8y1 a3g1 30j j0d 12g04 24058 1iam9 1hd6d 1hfgt 1jpl6 z7x2 112mi dvss 1ygy9 e94y gpwt 6x9r 7jx8 3d4r 6oyy b3sd 1fhz c93f hdgu cdkf bcp3 b45o 92in gq9k 16o26 7pee 14cyi g1x cptm ioa5 o2et nrlx awa9 9nzj 2obmz 11dxf gfy7 pbcu b3r4 1ylpe 7yh 3djv qym 4l8g crz9 l3cb 1ddx 2f9qh it26 5rbw 5ppg 4zb4 26x8 3aen es8c 1uyn 20wq 1t7k 8h9p 6wg6 70iy k7j1 eggq jttk hcop 7lj7 1po4 81wa aqzu 3wxw iqta mvpb 64sa gsbk 8zlv 1i50k mzbb 15ei3 1v3gi 9348 cwut b7ht rewy cxk4 az5b 436h 9apd oef3 50lx wvq bqrj cz6f gy9m 7htl bn 1mde 5uli fapw sy9z a4g1 ur84 9iyp r3rx 5f9 5263 dqrg 7b5 861g c5ya w631 8qck n3c6 bwm0 d3we 53b6 2jru 9sko 130he 5w4 ii36 d4bd 9kju 40pq 51yq 2isl 5uaa u8tc dix6 1crr hfsf 7as9 o124 ro0j g6wr abhy ei77 8s5q b3te 3q5i euhv yt9k 10kt usxl zbtw 1hbpu 7nn9 1n3i8 7tmz 5gzj 793j 2dqkd r606 bbad 77yy qu23 c324 dclj ettz 1qcjs 2gztu o0dn d96c b00u 11e82 vfu1 efr8 1pwd x98l 1hxcl 1ruc b6u5 a0es 1mvfc 9cz byk by1a 7k42 6a96 ckhy k6e 17iqy 4m00 6pwg 5jqv 2e2u 1hk5 abgi 471 kfyd p0g 10f9z b840 11rlp yjoa 1t1gn 180st 1m73c woxp 11asn 1hf1u igdc xr1p 19s5p 14t3y kdwd 5qio h837 yoee cu9h cv7h 9c0t 9lf3 10y04 3jr5 94xc dplz re52 3riyd uqxk iupg cfbz d5yd cobc kt0h tv2f rbbz rm0f 9xi1 295wq 1ek nyhv 5elt o6x0 1uf10 1xg8 pzzx 4c8u 3mu8 930z 8sh e4h2 48qd fvwz 14t5f 2nm4q 1y7f at6y 4ugo rr1g 8un o4w5 az2b iaj 1dg1 km1t 3kv6 1es6 2cvs av8x ayty 1ysb 3ntzh 1o9z 7che 3fup 9f7 7az9 b3xa 14r5d ep4 rc91 nvdw gzli 1kul fpo 1n31 q6z8 eoj8 567h ax6t 8cc9',
  },
  {
    name: 'Debian: dpkg',
    unit: 'second',
    steps:
      'dbvzbf 73le ahju 8fxz 2mec 10hh 1t81 5lox 5906 143e1 5rh9 cmvo 123o 1x50 esvo 1m3i ekdf j9b 1pwn 2qb0 dic5 1b5n 13cw 3kwq 2snp 20s5r fet8 m8e9 1kugl 466n 98pf 93t9 532w 66xq xxy 9bh8 b4bb 28xt 1geyp 5htp 4wu3 xrrk c1de 11vbs rpvb b7xy 3efm 7rt4 o75s 2y6 4g60 fv2v 7beo 4ixm 2x8l 3neq 6hyq 1ewhl 98ni 3pj0 3oav 1ncs 12f5 5nr3 b6gn 2jnu 15hw 1mwe 2cb4 3cfe 5it6 1yop 27gr 1way iv5t i77g rvsa lub7 1g2i0 106fc 1ghxf 17jve f7cq 26mun 5bgg 5y0h 258hy 2bjc 258o 4vqz 26kn 5dze lssp 2jphq 97ya6 2u7vi 1ll0r 38sj2 5f57 og2g 19ce 1dkyy 4drq 25lc 5k00 2v17y 1kiv 7qre 1cw3c i7dr 4oztb 5w76g 9vii 1qzcr gwpd jow6 2fsab 5kgp 3nvm 2rm0 dven 3ndc 3lup ecby fif3 1tr6 c6bp 2ubx dmis 1be9l 32lb glqe 3ioa m68c a7k9 p8jo gki1 1a249 ek3f wsgd 5auk 19isj wy8x vt6i 9bd4y 2gc0 uzpb 1n4vh iori 3zck 82kh 1yaw 2av1 5ahqh 4jdt 3goj uxt 1qqd 1domh 8yyp 7z4h hxeo 649g 1k3e 71sd ywc 9tnr 9q0s 2f8v5 3rqe8 4pdzm 26xwm 33six 1uu1y jng4 4wkq d3sa 4yo1 2dam7 4ag3 556p 3iii i9up bh3pa 7cmxn 2dy 1tpu 3muj kyl 1uc59 3kn5 1mb 68iaj lqs5 4yoa 2bu2g 1ws86 2gp2y 54do8 sogb 34oh6 5sdx 1do2m 12nlx s3op 4jdj fjao 2zry7 jdyz 14f 5knw 1yoo 4c5n tibz 2juqq 7mec5 mefb 7jp4 qyqk 76l4 54bk 1id4r 131w7 190ln 1dib7 8a4g vel9 5s3bs 2wk6 44tu6 6i37t jzz 25q8 amf2 gxlr 20oih 3azqv 1p3sk 263c8 1ldb 5hzy 1wtn 96bv 1g34c 8ih kcy2 pr8t ak6 1snj tdp p7l 2cze 438u 39uy6 g7vo 1r2yx 1wo9b 3je1x jh0u 3sn9n 23ivb 1u5ky 1eha0 446t4 8tcr 1onm7 js15 32yyl 282ak 1hecg hs3 1hde h8ry hqxj rt66 w3x6 37ato na09 1f0jr 25r1 1dzmi 3nlz9 wft 2e6x 46u6 k0k3 1mwkb 3puq3 19xi2 wx3j xa5w b45y 355jf 64we jt8j y36r 7anht 12z5w 266cn 5wnyi 20crm 24yz9 1tgg 1b6i eeim nkqc 1bz7 3nzq xpng 4ot9a 75dtc 78nyg 2zv8 6o27h eyj 3hpg 9bvf 1qqc0 4xo0v dm8v 33o9 1vsek 3c4xb a1ro 8p5i 2fc9z 8u2 s47 agds u0z ery5 4fi4 3twe 1r0k3 1biby 7i39z laae 3dcio 2i349 4wh6k 6m3yv 337k 9swn 2v2a4 13vh 1e9wd 50sw0 6ti 1ora 7brq 9c79 1l68c 3vot 2poq 1xqo0 1wy5 2xf5 4f7o 1p3n1 3puaq 7uga3 hq2gu lyaq 5gkyg 1qzn 1lsaf 1jc0k 3m6rl eb7n5 5peww 1p4n 2rss egd9 1obf 9gqmd 1khh 4vn0w c4o64 278l 4zki5 kfbd 34vw 4nai p7w 4tmz 2smrw 1wkth 7vgx4 2saf 5vjs nw6c pqvj zyd 4khb z0p 9qkw qawp p1tm wqpt 3urkw',
  },
  {
    name: 'Debian: llvm-toolchain-15',
    unit: 'second',
    steps:
      'puubvp 8lv kmi1 8fwy j00a aa5 101j feor 9o6f a4aa 3rxh 4lye qtx 61j9 5i43 kp0u 64q gfvc gj2k 9fdn 32r1 51j 28xq gy30 26v7 1jvo 8hah dgbe m2fp 3a79 cukq kqmd 8b7b 1155 2ai8 g4vt g5 at3z 7o2g 3i21 kmxb 4aw 3p07 zx k17w 5kbd iue2 gprh 7ar0 2dvr 536n 4hcz 1gbh b6cw aqwj 7rmh 1m7v 4lpl 8k4g 1k3z 26wi cmas 1bj0 207d 1y1rk 2jrk 1mqj1 2x4k 89f9 79e0 b4hj nr1 19we cho d1yy b9hi erdr cs0s j0qg 9ag6 5luw 2rct 3ut8 2k7l 4k 3bk 4qap 2e 3tdm bwc 8wcs s2iq 91b0 2goj 1qqy 7w 1siz comc 8ubf b5w cw6n mp 65xg g3mw 6y l3c 8bop 46jd yqys 11zx5 4jr0 xb70 ubq 12jv1 dd 8pzc 16oqy 9att 21uh f107 8vsn r4s 33fo 5vbs li2h do10 3gro 8pu2 fa0 5d6a oqew ch1g xbwa 4hwa 17vl9 2f4z 6d9l c7ns bsso 5hjb 6lcz 3l0z 4qp1 mdma 3ji6 5hfk j302 gut 59c3 ahz6 299a 1egs xxa 35pe icy 2oky z9g 3qv 3ndr 3bky cfon d256 nhi akki 13q sg2 1atf 1vbk g3z 1b76 1pu j3 6w0y 4qua 4m22 6t2 d0et 1s1o 1pof 2f4j 4yrp 1moq t32 391i 1q38 9qjt c267 3ftz 4qv6 5vlk cag 2r4s zlv v70f 52q0 o5u6 9bd obvm 30zu a3uu 1633 2kx2 awka ihba 1bm2 6zg6 1zqx 8bub xov a4oy 2rcw 5wxe pzh yxfz 9ha9 3cte lgu7 12vmm puoc 3ris je0z bb spf6 1wk9 5tf6 3na5 5gf6 27k4 ch01 pziw 1eej9 2ggi 16sh 5687 99gp fgcq tatx 9gnv 1xg0 ahwm bsap e46t 16v5 orup 9bu 766 3u3t 3jvp 28p9 1cyr 1geh 1p2 2e97 axrt 6b9f 2odb fen 5sme 1crk 1o42 on0 8j22 4j9l k9y0 152t 6njf ksv 40ms 4rw d69z 1uxu 212 1n7zl',
  },
  {
    name: 'Debian: debianutils',
    unit: 'second',
    steps:
      'dq33ux 2kmb 97sf 241o2 6tj1 5umrb 532me 6k3wm 58j3o 8yyr3 1c4i7 17g16 6ucn4 8ie14 axrjx puji 2x9hg 1hk8o 60qu1 cpoo0 2aypz j6xgr 73c3 ycus 3esp3 gsre 2020l 5hk1a 16v4 578i spll 19pmc 1l1q 255 bua 3l4 19f 85f 2byr zvi 1n2v 7tj 1yax 39p 56qc 1rx 16gs ia 2s61 4li 2a9 nwok 1wak srkq 2ga6 meac 185n 3wmz n3ij mya ldg8 2if wrw 37i 3pd 5dwm 9o0e 1z2b 74y8 5j7a 3epp 2nfx 46u lo6k fmfz 1o0px l5ib un56 9zmf 20ikp 1nzz 440st 1xkxj 16p0u 2uo0h 2hzbb 1c8 pz 5gu1 3npd slvm 7my 7vdu 424f 43jw bpb4 217y6 22q7r 181xu 3gcfr 2od 4oqx 47h4 1awkn 292o5 i37w iwc0 5g3g 2nv8f 8a8k 1bze ha5g 1dmhh 4h410 2w8i 2bw9y 187ke 1yobt 1cios 1xrhg 42ui0 1p6s9 auf9 cxj1 cz04 bo07 107uk 27k80 1a9mg 2aa7a j1sn n73d 38hkq 2ba33 2ska6 3d7p0 xvy c1mz kio6 2oq egzg 13g q0vi 2a0x 54nz 5faq 1lb8t 7fie 29box m5i jzya x778 5wre f2aw porb gmvq onj9 1pgt 3crlz tkfe 35xr9 sbo6 1fwhi yj8k azbg8 2t8a0 gfw 22da 4n2e w0a 5aad 1ol5g j4r tte 4spw 20sh 34hqt 1su2g 4zjr9 8j661 36rqw snoh 3ditn 2vm0y 3cqen 16qnn 4ouqh 9be3 179l lwf0 o4zs 5rwpv bb8h 2s2w1 2z0im 4apk 2qy5l 5wva 3csgx 1e28n 1le2u 2ke5a g5nx6 wsouc 1iikg ceh2z 8io1 7z1aq 79aik 6zl2g 6izql 4w94s 2kjg4 6zcj2 pl cxiym 8r2dr b6pd 2o2ib 4ot16 8myk5 wq8 2qz2 10qj 4fa5p 20jqg goa37 2aa 1csg 5zf 9sp 11qq djo 1jce 42xu 1x8i 21s7 ruxt ih31 6fmdz 3dw4 51dp4 4gaz6 529mk bxwb7 1uyie',
  },
  {
    name: 'Debian: linux',
    unit: 'second',
    steps:
      'pvqpde 4nq8 kzqz 4upq 5ysx 1nal 1n0k1 aicl wwht 12bx5 5k27 bvr1 cy6q h4vx 42ky 11ste g2u5 128w ogdp 19z6f 2cxtm 1gxa s7bf 3j9i mh9h ltxi nftg vqmf rv3l 1mb8v 1ge9y tl8 nc8y a7z3 fi5w 2xum rdt7 94uv cgt0 14p29 jyhe fp8 ffqc amfo eh03 aqtn 9xr a7fg fii8 hqtg k2xw itp2 c0mv 193el vlkf ehwv odyb 22yld f0xf 1ea6n 1c53n ec5s b3ry bxut 21xm imoo m5pc 7byk 2rhc 4wv3 55za b8on 12fr gbzo 9umm mgq jbk9 11ne6 1cei 5qka d785 813f 1va9 bpob 6e24 f8ld ds8m 6p5g 3l1f b87i eb8s s54g gpxp 4mr9 lkv c7gm 5l1p 35j8 dafu hj1 dd7i 1jec 8nyo a7g0 25vf 81lu 1wz6 pyca 11j0 10emv 16x37 lq01 69yo kaor iqrx rcbe kxmv juc4 iby6 f4rl 13vrz 16wic 5wna m6qm d21y 9grn c0s3 7aph kpw 2i74 4yky apvv abwu hy5p 8a9 8dpc jxy e76q 3y0 p4jt 2mpx f1br bexa ku68 jstg l31e 9vwj y2p3 pv6m 113n2 q67e tqs0 2vn3h j5qd p4ot kn8k 13ms 1j9wf 14h7f 37p2v gocd 5a65 x4d0 1p01h 2vqoo qwm2 142kq 2i2pz 16uqy 1vll 1xi5v 135i 848f 1sriv 1m4d3 14a6a 238in j0kg 1bcw9 1dqmu 1ttyp rsvp lv01 k4jr 7wrk 3ox87 190h7 1a5xp 2koix 2mmem 21774 1hdix 2p98t ea37 lfj c6ts l9be 1vxfn phfn y5bn 1svse 20e4u 1gu0y 3ori',
  },
  {
    name: 'Debian: systemd',
    unit: 'second',
    steps:
      'pwk30m 1oyr ed35 2gzz 6e0q 2i1y g38 wd0d 14y2n 1azan 5f8 3okl 6kmk 2ghs 6faj jgqv 1h32 3sxy g29 2rmi7 bqhp 5c97 71cp ej61 1a4lg 1vod bup6 qt3m 3h2k bc4d 5j1g 9ynb gfjq 116fh 13b6c 1eu02 h65u ogx2 5h41 6fo3 ocb7 2kab lr6g 68j 70dk lswb dx3x 18p9a 1fqq0 1p1u 7qc3 3mmt 97dd 3feg 42c 92fb 2bpg 1vyl ejpe govo 1sx6 8r4s d8hw tdde tw80 1ltib 8x69 1l67b 26ge 18nck 119v 4dyj hw3z 1i37m ifwz 7xet b07w avh5 d3so 5l4n etji evnw jt 7edk 5fn6 hmg7 9e7d 17cod 5mc0 a769 ko1h nws 12key h0py 3fd4 9gx3 1ulv 1lppj 6gyd hc2f 5k1m 5pno 4q1x 2gmb 35zk 7sgz f97f 2fx5w x3ee ai4 67k7 1jlpu ajgy 7dz0 syz adgd 3i7r 4nz6 g6bw cua 9b9c 2huk 14ie ovek 7qr3 fcbd d3e2 146rk 4et3 ancz 3s3g mjkt 1sxt 1uhql f2yu 33ja 3o2v dpc0 5kxe 4ryu 7zvn 131z 9fdm 3pmu 11o4y ekqx 7dwu 42qz hjlv 1qpwj 8a8s f0k 1ihnx 5bkr7 19gb 1gewk 1lpox 1hoi5 l7g1 xkaa 1nyv5 1dwnj wnqm 1poc2 1oqoh 2y4zp pctc yumg yy19 hho6 lhnj xh89 1aw3t avth 2d6wq 1wl73 rds7 4w1eb 4bpx0',
  },
  {
    name: 'Debian: base-files',
    unit: 'second',
    steps:
      'e0wbbl fznv 5mcd 92xc tmo0 6a5se uc kz kkc 3pir hq9g eawk4 1u1b 6sci deo7 gmfb 10lr2 25sld 1fski 5epid 1yhjq mceo 2tqrs 27bin 1g8w4 5c4p d3wa cx0t 10zga nxcz 4hfd9 jxie 1jk2g 1c0fi 4hd52 5fd7 1rrh 2gnd 1w2p1 czq8 2al8 3kn7 2kgty cxpf 10rov 1plst 2rg8g 3ju2v qe7o 1dec6 2qv6b 15r2 3o5gn 9714 4tm8n f7k1 1ybn6 x7d6 k23o 3ia4g rhui 792m 2og0i 1z1a zbhw 406tq 464qi 4h26q 1yytw 32zng 1fdwc 816vw 11g0m 2pj50 18wgy 627yq 1mxwo 1pi2m 2ruba 1wq8q 5i02s 1r30o 27wm 8vyja 7gia kpkq 12c8s 29p18 1sro0 1sfm 6siag 166qs 263tm 10zse 4u62s nk8u f9h6 34quu 82fmi 12q66 61enu 4qfl4 5sn3q 3i9go 42fau 4osau 1iqts 4c3pa 2xs0g ehp6k 38lhq 9mjg 1qzza b4zs 1a6c n6eu 1qldq 1nakm 52wf8 1m4ke 2tmhm 2xdi0 21l2 2lyzs 396e8 b7fpw nge 3sw36 8kho zdl0 ejre 6spjs 2cw7c h0 3ro0 7b830 ipshi 3wzz2 1eh6 46mzm magq 1gbs 9224 2vm 1qyp4 7rfh2 ru2k 3uto 4qlys 1epm 3ofqk 6kkvk dsg1a 2j0eo 41u0s 48c80 ae684 noqje 195y8 2wrb6 wztja 6vwb0 7q4yo 2jo d7ubo 7p6xo 6wb4c 3ywmo 3apm0 cuph 2klv7 34nk0 73grc 401u0 34wv0 3eroc 38glc',
  },
  {
    name: 'Debian: gcc-12',
    unit: 'second',
    steps:
      'pu9o9d j9nn 4j 1d9il 98x awho 3n72 1uig a8ys f981 880c 1h60a eza4 1p93 a3zw 5eab 3o9q 56bt 77fi 9tfl 1ox7 uwgw 7hgr vqbc x8zq of6n lyna 7cbu 40tv cayv kuwg klld f7cr xdw f354 5l49 gp38 esk4 3qlb auxz dfum cnnn 985f f2wd iylz 13zjs 1e050 1rnx godf 3wl1 ptk8 16ie3 iwf6 6y9w 83d2 g1jr 3q70 1uam 3u3s gjqz xppa o624 1t3g6 al5w biul 8y2r d6hl 4ly 1a0i bbrb creu cy46 eynt o9f3 cdm2 d4n4 7e8z giwv f2op erno cyth axnv 5v8i 6tqt 608s kdat 1otln 1qzb7 qc0m xwyw dz2j ij11 d2ku i8ij 95f5 uesx jpi0 171t1 7xwc fqac 1rhw gu2v 9h1k af8r 11jmd ix6h 52rl d2a2 khjp e3g1 fg8g f0kp ljgo 9gm2 22vv9 i6dc 91hr 1k1sq 6h7i oq1z wzt1 2ew8 14yd9 n62l vyno lrsm me0l 1qr6 tdx2 3wss ilyx 5hnp 1z2we rlt1 8xtc 4h16 a5xf 166oun',
  },
  {
    name: 'Debian: mesa',
    unit: 'second',
    steps:
      'puucjv 125bh o3c2 qjha 967q 5mot bsls nes5 g0ws 1gfii kh7m kt81 27f hv89 6hrd c9yn i69 b0mf p4cj d7rl olml wlu blfu b1yw 7c47 aup1 xv62 fra hygb vzo2 hhgt 112au 60n 5f1h 4te pluu 1w0 bf0a prem pvdf 1pji2 nnis 80tj o9zb ebkk dbx nfzg 21i m585 3mrz q44c 1czvg 1j5q gjv9 8zpo mcl9 42i 5dlo btj2 jw0 24wa ues8 ltg4 cuf0 epor 2gx9 e8pq pqfs 13kjl hyq1 p0n ndxs 1why pme0 qe6p 1wc a62 jm4e 1nk7t q2kt 1n096 3fze rx3d menv 12xgp ma28 5c7g kpeb 3ayk pzwc puvf f8eh 194 21lrz gzd0 rvfq 11ino ncni kzrf upld 9brw axfm m3x7 kpaw 5gij czed iq1u 3qc8 ep9t 1qlm0 1hrlg 20g dffg k4of 1hp87 1tcb 12st2 gjs6 xkc5 3hm 67w 1onr gjn1 2nb k5wc 3uay 7r1u bbeg 6ybh zawt i66z ry6q muih ur7x 18iq0',
  },
  {
    name: 'Debian: glib2.0',
    unit: 'second',
    steps:
      'puiytp a135 i5rp t21j 1xb3 5b 159yj 94cp 12khs 3iuk 9avc xf5u 965e czf6 l2m m0oz ck8n 9f92 28zd vbmz m56g v7i6 ayst mqcd q79p 3nwb aq8k 5xr4 koqe 91sb 1ll9l 29ctv 1q5zi 9iym 1lkr9 x3n4 h56u e2ne 8ehr 1d0r2 818b rkeu 1sms x6g6 qpc nfk0 gknj dfte 21maf 3x6 2bpe apn3 etw 1xtv 67y 76je 5ctu 5kws 4z6v msdn 1xxz g1if 80ny 91rj b5 1blw5 vvdv 2zgg6 2f03o 8x10 1k2ip 1t8ls zd8 ksq9 1ih55 15r0s 5na 1jswk 1kp9 yodl tu8 12t9z gxx4 qq9 1eci2 2lhjv 6q5r ys2f 83xc nhpe 18k8m u15k ekhd z8cg g1yw sjbm o57w p82k 1500c oknz q6jc 1626l 263cy 1o6qr khxfr 30n3 b03u 8l557 vk6j 7o8w6 6kmbb 64u2z',
  },
  {
    name: 'Debian: python3.11',
    unit: 'second',
    steps:
      'pu7t48 21b9 77sa 24cz1 iepk 1mgir ddiy b477 9sbh cxku kcal su13 vueh gn7l xai8 1v6f7 ckbe 5nqr 7ipb 3bxzq q71i 2h8fl 93c3 id7o axht 1v09 115jq 1unw8 y4k3 htkp 2bh7 32ef 1v2g 1rj8 xaf7 1lsyy 1p51a 1l5t 4dm3l 60f 1f0td 42kl 91kp 18mr9 pqu6 19j1c 2nmnt 1is4 3uuz 1r7n 5muv rtb8 q3x9 51ng be0x 1ar86 agwb 11jrr hep0 19dhe 3xpj 4du 7irk 1w9p3 61ez 2cg vbu rmew 1rst 4mpo edq4 3xj eypg 1e1c 245ug 1bztz 283z 1qi0v d1fk 12zit 1pi37 y9yt 17w78 i2pp 1d5j 1p2es 18kdy 1xal5 67q6 3dq6 13hal f3ys ia1d9 34b2i 5ygga yum0 400d8 7nddm',
  },
  {
    name: 'Debian: openjdk-17',
    unit: 'second',
    steps:
      'puuh2h 2jvay buhs 1fbps crau 2zpko 1cgce dlfz 1b1cx ikju 2p3po 4txm 4qnda 3bq3 31j64 1t0nb rv6z 331r fsl 1cb8h 1c3i 18nj9 3d6 mhnm hzes h05p cxvp cpb9 eyu6 1rg2 957b 13lek c95n ps2p pxzf 1sxqs 150tj o745 tgb3 gfou 93nd of89 1olvy 1tjge 4qhch 5913u 42550 4nnw5 q3s 531gq 6qo50 117vz 1jvy 3c95 3uqm h8gq 3jde cht6 1uo0u 16zi2 1mwwi s13b 2s5c9 14ngz 2sb1y 21kc f8hc 1f11p 3qrv1 xmyy nqns 24h17 1w86q 1rsh 3alvv 1p1mc 2o963 minx 1evxl dmhq',
  },
  {
    name: 'npm: zod, canary and beta',
    unit: 'second',
    steps:
      'swdgno 2pp 9dd q0 2wt 1t4 2j1 3g 4v 3kl 4bm kz 5k ue 1ni 1606 1tg 7u y3 31 5t 1hdb 2zb 1j6 zm 15g y gq 3r1 7qs 13h 21c 74 5e 4ap 9pv 29h lo 3n6k s0 ah bh an 498 cb 8e 4e v6g nq3 12aj 2i2 24 o y 17f 1on 2l 3pu 1z a1g 14y7 bx 2ud 3n 2pz 1kt 4w4 5exq 36h 3cg 1ax 1n9w 835 1e 95 mb v1 zb hc 1of 1bu dcl d iz 12rj 20i 4t 9a 3c 31 49y 1dj icm 1519 63w 3bw hx1 22m 3328 jw zm 22t 7yz 1nv 78i 1oky a1p wh5 580 kg 1iy1 8a8 if 7ir co2 4j6 36ac 2m9 gj8 5ftl 1eyb 7f5 2ef 23 mc 1l8m 1kg7 sp7 3m 18u 85t1 517 9so 2c8q 2olj nh4n ye7 e2t 1ac 3hw 1g3i l7 7a7u znw 1256 1i9k 194 f9j 1s8 1gx3 723 j7x 14qv 88 mbz0 sk v8 mp 1r5g 86d 7gw8 clf bx 7ho 1mc8 cdn 9y33 3a 29ka zh dbxl ejvs s 433e 13w bc 2w8v 20xm 2i3 b0 ao 12 2dpk 11lz 1o2e oiu7 d2n 2e 6f c1 3e mn 3k 8x hjf0 1wb4 ij8p pu0f 2c1w 1tzq 714k rk o6g t8ry xd 9t 42d kvj8 1b 2b a9 117 q1 y73 1dk 9svb f47z aia3 ayff 2omh 1iz2 j5 1b 13bv a8w3 11uj 30y fqf 2a9 1baf b13c 6z ai 1i3 e7 1a lb 5w6 a5t 15hq tz 9n 1bl b5o 6v nd 4w 1a 46v 1xg 1y4 4ba 45a 46n 1698 4h9 mr 11b7q 30zq 3lz u5 5lwr 56 4s0 4twto c5 8do u6 dr2 6wpe q33 rdi 1qg 1v 1gj 4zjec 382 5ley ii 13 fn fi kh 2nd 2ym n1o li 32 y9i 1nw 2p5 175 1pt ei ak 36 52 786 5r n2 7d 3l ke i 1h 2vr 8e 2z8 7nz w8 qp k 1d9d 3iwz c1 4i 13o 14d 9p 12m 8c 1e i4 1 8 8 5c 1t5 163 ke q 12 1 r 19d 7p dt 7m 11g 2kr 1d2 1ug 15nc 1ca 3d1c l ny en 2oa vr 36l 41t y by 8j 2eo 2v3 cm 6l 1bzn ai cv a ap 18n 1pq 7isd bs2 2js 1j 37p 8l o ot 1f 3hi w0 3d1 2q 68 2wm 91 ad 2r0 1yd tts ilp 1ry kx m7 1v5o nx dfb 1u73 2fn r2g 9z xk 3w 1x7',
  },
  {
    name: 'npm: typescript, dev',
    unit: 'day',
    steps:
      'ewv 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 1 1 1 1 1 1 1 1 1 1 1 1 2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1',
  },
  {
    name: 'npm: react, experimental',
    unit: 'day',
    steps:
      'f7w 5 2 1 1 2 3 1 1 4 1 1 1 1 3 1 2 1 3 1 1 1 1 4 1 1 3 2 2 1 3 1 1 1 3 2 1 1 4 1 1 1 4 2 2 3 1 1 1 1 3 1 1 1 1 3 3 1 4 2 4 2 1 5 2 1 3 1 1 2 4 1 1 4 1 1 2 4 1 1 1 3 2 1 1 3 1 1 1 1 3 1 1 2 3 1 2 1 3 2 1 4 2 1 1 1 3 1 1 4 1 1 1 4 1 1 1 1 3 1 1 1 1 3 1 1 1 1 2 1 2 1 4 1 2 1 4 1 1 4 1 1 1 4 2 1 4 1 1 1 4 1 1 1 4 2 1 1 2 1 1 1 1 1 1 1 1 2 2 3 1 2 1 3 2 1 3 1 2 1 1 3 1 1 1 3 8 1 1 2 3 1 2 1 2 2 1 1 1 3 3 3 2 2 4 1 1 1 3 1 2 1 1 1 4 2 3 1 2 4 2 2 2 1 2 1 1 2 2 1 2 3 1 3 1 2 2 1 1 4 1 1 1 3 1 1 2 4 1 2 4 1 1 2 2 1 1 2 4 1 1 4 2 1 1 1 2 1 1 1 4 1 1 1 1 4 1 1 2 3 2 1 4 1 1 4 1 1 1 1 3 1 1 2 7 3 1 1 1 1 3 2 2 3 1 1 1 5 1 1 4 1 1 1 1 3 1 1 1 1 3 2 1 4 1 1 2 3 2 1 1 4 1 1 1 3 1 1 1 1 3 1 1 1 1 3 1 1 1 1 3 1 1 1 1 3 1 1 1 1 3 1 1 1 1 3 1 1 1 3 1 1 2 4 2 2 1 2 1 1 2 3 1 2 1 4 1 1 1 a 2 1 1 3 2 1 1 3 2 1',
  },
  {
    name: 'npm: react, canary',
    unit: 'day',
    steps:
      'fi2 4 1 1 1 3 1 2 1 1 1 4 2 3 1 2 4 2 2 2 1 2 1 1 2 2 1 2 3 1 3 1 2 2 1 1 4 1 1 1 3 1 1 2 4 1 2 4 1 1 2 2 1 1 2 4 1 1 4 2 1 1 1 2 1 1 1 4 1 1 1 1 4 1 1 2 3 2 1 4 1 1 4 1 1 1 1 3 1 1 2 7 3 1 1 1 1 3 2 2 3 1 1 1 5 1 1 4 1 1 1 1 3 1 1 1 1 3 2 1 4 1 1 2 3 2 1 1 4 1 1 1 3 1 1 1 1 3 1 1 1 1 3 1 1 1 1 3 1 1 1 1 3 1 1 1 1 3 1 1 1 1 3 1 1 1 3 1 1 2 4 2 2 1 2 1 1 2 3 1 2 1 4 1 1 1 a 2 1 1 3 2 1 1 3 2 1',
  },
  {
    name: 'npm: @cloudflare/workers-types',
    unit: 'day',
    steps:
      'fkj 1 1 1 1 1 1 1 1 1 2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 1 1 1 1 1 1 1 1 3 1 1 2 2 1 1 1 1 1 1 3 1 2 1 2 1 1 1 1 3 2 1 1 3 1 1 1 7 1 3 1 1 1 1 3 1 1 1 1 3 3 1 3 1 1 1 1 4 1 1 1 1 2 1 1 2 1 2 1 3 3 1 1 1 1 3 2 1 1 1 2 1 1 1 1 3 1 1 1 1 4 1 1 1 1 1 1 1 2 1 4 2 1 4 3 3 n 1 2 2 2 2 2 1 1 1 1 4 1 1 1 4 3 4 1 1 1 1 3 1 1 1 1 1 2 1 1 3 1 1 1 1 2 4 1 1 2 2 1 1 1 1 1 2 2 1 1 3 1 1 1 1 3 2 1 1 3 2 1 1 3 1 1 7 1 1 1 1 1 1 1 1 1 3 2 1 3 1 c 2 1 1 1 1 1 3 1 1 1 1 1 1 1 1 1 1 2 1 1 1 1 1 1 3 1 1 1 1 1 1 1 1 1 1 1 1 3 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 1 1 2 1 1 2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 1 1 1 1 1 1 1 1 1 2 1 1 1 2 1 1 1 1 1 1 3 3 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 1 3 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1',
  },
  {
    name: 'npm: @typescript/native-preview',
    unit: 'day',
    steps:
      'fly 1 3 1 2 1 1 2 1 1 1 2 3 2 1 1 1 2 1 1 1 3 2 1 5 1 1 1 1 2 1 2 1 1 4 2 1 2 2 2 1 1 1 1 2 1 1 2 1 1 1 1 2 1 1 1 1 1 1 2 1 1 1 1 3 2 1 1 1 1 1 1 1 1 3 1 1 1 1 1 2 1 1 1 1 1 2 1 2 1 1 2 1 1 1 1 1 1 1 1 3 1 1 1 1 1 1 1 2 1 2 1 1 1 1 1 1 2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 1 1 1 1 1 1 1 1 1 2 1 1 2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 1 1 1 1 1 1 5 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 1 1 1 1 1 1 1 1 1 1 1',
  },
];
