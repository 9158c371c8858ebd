import { useEffect, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { useMe, useNeedsInBackground, type ListedNeed } from "../api/queries";
import { needCauses, needLink, needTitle } from "../needs/needText";
import { isQuiet, keptNotices, newsOf } from "../shared/notices";

/** Tells what is new by the browser, while the page is not in view. */
export default function BrowserNotices() {
  const [notices] = useState(keptNotices);
  const wanted = notices.first || notices.mine;
  const { data: me } = useMe();
  const needs = useNeedsInBackground(wanted).data?.items;
  const before = useRef<ListedNeed[]>(undefined);
  const navigate = useNavigate();
  useEffect(() => {
    if (!wanted || !needs || !me) return;
    const news = before.current ? newsOf(before.current, needs, me.email, notices) : [];
    before.current = needs;
    if (!document.hidden || isQuiet(new Date(), notices) || Notification.permission !== "granted") return;
    for (const need of news) {
      const notice = new Notification(needTitle(need), { body: needCauses(need).join("\n"), tag: need.key });
      notice.onclick = () => {
        window.focus();
        void navigate(needLink(need));
      };
    }
  }, [needs, me, notices, wanted, navigate]);
  return null;
}
