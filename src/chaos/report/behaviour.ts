/**
 * What the page does when it is looked at with a mouse: words for what is under it, a line through all charts of a run at the same time, and a
 * stretch of time drawn larger by dragging over it (a double click shows all again). Without it the page says the same, only less handily.
 */
export const behaviour = `
(()=>{'use strict';
const tip=document.getElementById('tip');
const show=(text,e)=>{tip.textContent=text;tip.style.visibility='visible';
 const r=tip.getBoundingClientRect();tip.style.left=Math.min(e.clientX+14,innerWidth-r.width-8)+'px';tip.style.top=Math.max(8,Math.min(e.clientY+16,innerHeight-r.height-8))+'px'};
const hide=()=>{tip.style.visibility='hidden'};
document.addEventListener('mousemove',e=>{const t=e.target instanceof Element?e.target.closest('[data-tip]'):null;if(t)show(t.getAttribute('data-tip'),e);else if(!(e.target instanceof Element&&e.target.closest('.run svg.timed')))hide()});
const L=86,W=900,ms=v=>v>=1000?(v/1000).toFixed(2)+' s':v.toFixed(1)+' ms';
for(const run of document.querySelectorAll('.run')){
 const raw=run.querySelector('script[type="application/json"]');if(!raw)continue;
 const data=JSON.parse(raw.textContent),whole=[data.fromMs,data.toMs];let view=whole.slice();
 const charts=[...run.querySelectorAll('svg.timed')];
 const x=t=>L+Math.max(0,Math.min(1,(t-view[0])/(view[1]-view[0])))*W;
 const timeAt=(svg,e)=>{const r=svg.getBoundingClientRect();const px=(e.clientX-r.left)/r.width*1000;return view[0]+Math.max(0,Math.min(1,(px-L)/W))*(view[1]-view[0])};
 const draw=()=>{for(const svg of charts){
  for(const p of svg.querySelectorAll('svg.plot-inner')){const k=1000/(whole[1]-whole[0]);p.setAttribute('viewBox',((view[0]-whole[0])*k)+' 0 '+((view[1]-view[0])*k)+' 100')}
  for(const n of svg.querySelectorAll('[data-a]')){const a=+n.dataset.a,b=+n.dataset.b,xa=x(a),w=Math.max(b<view[0]||a>view[1]?0:1.5,x(b)-xa);n.setAttribute('x',xa);n.setAttribute('width',w)}
  for(const n of svg.querySelectorAll('[data-t]')){const t=+n.dataset.t,out=t<view[0]||t>view[1];n.style.visibility=out?'hidden':'';
   if(n.tagName==='circle')n.setAttribute('cx',x(t));else if(n.tagName==='path')n.setAttribute('transform','translate('+x(t)+' '+(n.dataset.y||0)+')');else n.setAttribute('x',x(t)+(+n.dataset.dx||0))}
  for(const n of svg.querySelectorAll('[data-room]')){const[a,b]=n.dataset.room.split(' ').map(Number);const xa=x(a),w=x(b)-xa;n.setAttribute('x',xa+5);n.style.visibility=w>n.textContent.length*6.2+8?'':'hidden'}
  const ax=svg.querySelector('.axis-time');if(ax)for(const[i,n]of[...ax.querySelectorAll('text')].entries()){n.textContent=ms(view[0]+(view[1]-view[0])*i/(ax.querySelectorAll('text').length-1))}
 }};
 let from=null;
 for(const svg of charts){const c=svg.querySelector('.cursor'),b=svg.querySelector('.brush');
  svg.addEventListener('mousemove',e=>{const t=timeAt(svg,e);
   for(const s of charts){const l=s.querySelector('.cursor');l.setAttribute('x1',x(t));l.setAttribute('x2',x(t));l.style.visibility='visible'}
   if(from!==null&&b){b.setAttribute('x',Math.min(x(from),x(t)));b.setAttribute('width',Math.abs(x(t)-x(from)))}
   if(e.target instanceof Element&&e.target.closest('[data-tip]'))return;
   let best=null;for(const s of data.samples)if(s[0]<=t)best=s;else break;
   show(ms(t)+(best?'\\n'+best[1]+' acknowledged/s'+(best[2]?', '+best[2]+' failed/s':'')+'\\np50 '+best[3]+' ms, p99 '+best[4]+' ms':''),e)});
  svg.addEventListener('mouseleave',()=>{hide();from=null;for(const s of charts){s.querySelector('.cursor').style.visibility='hidden';const r=s.querySelector('.brush');if(r)r.setAttribute('width',0)}});
  svg.addEventListener('mousedown',e=>{from=timeAt(svg,e);e.preventDefault()});
  svg.addEventListener('mouseup',e=>{if(from===null)return;const to=timeAt(svg,e),a=Math.min(from,to),z=Math.max(from,to);from=null;if(b)b.setAttribute('width',0);if(z-a>(view[1]-view[0])/200&&z-a>5){view=[a,z];draw()}});
  svg.addEventListener('dblclick',()=>{view=whole.slice();draw()});
 }}
})();
`;
