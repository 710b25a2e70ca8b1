# An installation laid out like i-doit's, in a guest with Apache, PHP-FPM, cron and MariaDB: two tenants, uploads, jobs.
set -eu
site=/var/www/html
rm -rf "$site"
mkdir -p "$site/src" "$site/upload/files" "$site/imports" "$site/temp" "$site/src/classes"
cat > "$site/src/config.inc.php" <<'END'
<?php
$g_db_system = ['type' => 'mysqli', 'host' => 'localhost', 'user' => 'idoit', 'pass' => 'secret of idoit', 'name' => 'idoit_system'];
END
cat > "$site/console.php" <<'END'
#!/usr/bin/env php
<?php
require __DIR__ . '/src/config.inc.php';
$db = new mysqli($g_db_system['host'], $g_db_system['user'], $g_db_system['pass'], $g_db_system['name']);
echo $db->query('SELECT COUNT(*) AS n FROM isys_mandator')->fetch_assoc()['n'], " tenants\n";
END
cat > "$site/index.php" <<'END'
<?php
require __DIR__ . '/src/config.inc.php';
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
$db = new mysqli($g_db_system['host'], $g_db_system['user'], $g_db_system['pass'], $g_db_system['name']);
$tenants = $db->query('SELECT isys_mandator__title AS title, isys_mandator__db_name AS name FROM isys_mandator ORDER BY 1');
foreach ($tenants as $tenant) {
  $objects = $db->query("SELECT COUNT(*) AS n FROM `{$tenant['name']}`.isys_obj")->fetch_assoc()['n'];
  echo "<option>{$tenant['title']}: $objects</option>\n";
}
echo '<form action="index.php" method="post"><input name="login_username"></form>', "\n";
END
head -c 400000 /dev/urandom > "$site/upload/files/1_rack.png"
head -c 100000 /dev/urandom > "$site/upload/files/2 ünïcödé (copy).pdf"
truncate -s 40M "$site/upload/files/sparse.img"
ln -s ../files/1_rack.png "$site/upload/link"
echo cached > "$site/temp/cache"
chown -R www-data:www-data "$site"
chmod 640 "$site/src/config.inc.php"
rm -f "$site/index.html"

cat > /etc/cron.d/i-doit <<'END'
* * * * * www-data /usr/bin/php /var/www/html/console.php >> /var/tmp/idoit-jobs 2>&1
END
cat > /etc/apache2/sites-available/i-doit.conf <<'END'
<VirtualHost *:80>
  DocumentRoot /var/www/html
  DirectoryIndex index.php
  <Directory /var/www/html>
    AllowOverride All
  </Directory>
</VirtualHost>
END
printf 'memory_limit = 256M\n' > /etc/php/8.2/mods-available/i-doit.ini
a2enmod -q proxy_fcgi setenvif rewrite > /dev/null
a2enconf -q php8.2-fpm > /dev/null
a2dissite -q 000-default > /dev/null
a2ensite -q i-doit > /dev/null
phpenmod i-doit
systemctl restart php8.2-fpm apache2 cron
