/**
 * Names under which programs write a file before they give it its own. A name more costs its files a minute and no
 * more, so the list is rather long than short.
 */
export const TEMPORARY_NAMES: readonly string[] = [
  // Browsers and downloaders: Chrome, Firefox, curl, wget, KDE, Safari, Opera, aria2, Transmission, yt-dlp.
  '*.crdownload',
  '*.part',
  '*.partial',
  '*.download',
  '*.opdownload',
  '*.aria2',
  '*.ytdl',
  '*.!ut',
  '*.!qB',
  // Transfers: WinSCP and FileZilla, rsync and its partial folders, sftp and FTP servers, rclone, Syncthing, Nextcloud.
  '*.filepart',
  '.*.??????',
  '.~tmp~',
  '.rsync-partial',
  '.rsync-tmp',
  '.in.*',
  '.pureftpd-upload.*',
  '*.upload',
  '*.uploading',
  '.syncthing.*',
  '~syncthing~*',
  '.*.~*',
  // What many use: editors, archivers, scripts.
  '*.tmp',
  '*.temp',
  '.tmp*',
  'tmp.??????????',
  'tmp????????',
  '*.incomplete',
  '*.inprogress',
  '*.unfinished',
  '*.writing',
  '*.new',
  '*.lock',
  // Editors and office programs: backups, swap and lock files of vim, Emacs, LibreOffice, Microsoft Office; sed, GLib.
  '?*~',
  '~$*',
  '.*.sw?',
  '#*#',
  '.#*',
  '.~lock.*',
  'sed??????',
  '.goutputstream-*',
  // Of file systems: files removed while open.
  '.nfs*',
  '.fuse_hidden*',
  '.smbdelete*',
];
