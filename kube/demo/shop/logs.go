package shop

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/svctui/svctui/kube/demo/apps"
)

func pick[T any](random *rand.Rand, from ...T) T { return from[random.IntN(len(from))] }

func millis(random *rand.Rand) int { return 2 + int(random.ExpFloat64()*18) }

func clientIP(random *rand.Rand) string {
	return fmt.Sprintf("198.51.100.%d", 1+random.IntN(250))
}

// accessLog is a web server's, in the combined format.
func accessLog() apps.Log {
	return apps.Log{
		Startup: []string{"nginx: configuration file /etc/nginx/nginx.conf test is successful", "start worker processes"},
		Every:   700 * time.Millisecond,
		Line: func(m apps.LogMoment, random *rand.Rand) []string {
			if random.IntN(3) == 0 {
				return nil
			}
			path := pick(random, "/", "/", "/products", fmt.Sprintf("/products/%d", 1000+random.IntN(9000)), "/cart", "/static/app.7f3c1.js", "/static/main.css", "/search?q=lamp", "/checkout", "/healthz")
			status, agent := 200, pick(random, "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)", "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)")
			switch {
			case path == "/healthz":
				agent = "kube-probe/1.36"
			case path == "/cart", path == "/checkout":
				status = pick(random, 200, 502, 503)
			case random.IntN(40) == 0:
				status = 404
			case strings.HasPrefix(path, "/static"):
				status = pick(random, 200, 304, 304)
			}
			return []string{fmt.Sprintf(`%s - - [%s] "GET %s HTTP/1.1" %d %d "-" "%s" %dms`, clientIP(random),
				m.Time.UTC().Format("02/Jan/2006:15:04:05 -0700"), path, status, 180+random.IntN(24000), agent, millis(random))}
		},
	}
}

// jsonLog is one of the shop's own services'.
func jsonLog(name string, requests ...string) apps.Log {
	return apps.Log{
		Startup: []string{
			fmt.Sprintf(`{"level":"info","logger":%q,"msg":"configuration loaded","env":"prod"}`, name),
			fmt.Sprintf(`{"level":"info","logger":%q,"msg":"listening","addr":"0.0.0.0:8080"}`, name),
		},
		Every: 1300 * time.Millisecond,
		Line: func(m apps.LogMoment, random *rand.Rand) []string {
			if m.Failing {
				return []string{fmt.Sprintf(`{"level":"error","logger":%q,"msg":"health check failed","error":%q,"trace":"%08x"}`,
					name, pick(random, "context deadline exceeded", "db pool exhausted", "upstream timed out"), random.Uint32())}
			}
			if random.IntN(2) == 0 {
				return nil
			}
			return []string{fmt.Sprintf(`{"level":"info","logger":%q,"msg":"request","request":%q,"status":200,"millis":%d,"trace":"%08x"}`,
				name, pick(random, requests...), millis(random), random.Uint32())}
		},
	}
}

func cartLog() apps.Log {
	healthy := jsonLog("cart", "GET /cart", "POST /cart/items")
	return apps.Log{
		Startup: append(healthy.Startup, `{"level":"info","logger":"cart","msg":"connected","redis":"redis-cart:6379"}`),
		Every:   2 * time.Second,
		Line: func(m apps.LogMoment, random *rand.Rand) []string {
			if !m.Failing {
				return healthy.Line(m, random)
			}
			lines := []string{`{"level":"error","logger":"cart","msg":"redis: connection failed","addr":"redis-cart:6379","error":"WRONGPASS invalid username-password pair or user is disabled."}`}
			if random.IntN(3) == 0 {
				lines = append(lines, `{"level":"warn","logger":"cart","msg":"health","path":"/healthz","status":503}`)
			}
			return lines
		},
	}
}

func grpcLog(name string) apps.Log {
	return apps.Log{
		Startup: []string{fmt.Sprintf("level=info svc=%s msg=\"gRPC server listening\"", name)},
		Every:   1700 * time.Millisecond,
		Line: func(_ apps.LogMoment, random *rand.Rand) []string {
			if random.IntN(3) == 0 {
				return nil
			}
			return []string{fmt.Sprintf("level=info svc=%s method=%s code=%s took=%dms", name,
				pick(random, "/shop.v1.Quote/Get", "/shop.v1.Rates/List", "/grpc.health.v1.Health/Check"), pick(random, "OK", "OK", "OK", "NotFound"), millis(random))}
		},
	}
}

func loopbackLog() apps.Log {
	log := jsonLog("quotes", "GET /quote")
	log.Startup = []string{
		" * Serving Flask app 'quotes'", " * Debug mode: off",
		"WARNING: This is a development server. Do not use it in a production deployment. Use a production WSGI server instead.",
		" * Running on http://127.0.0.1:8080", "Press CTRL+C to quit",
	}
	log.Every = 10 * time.Second
	log.Line = func(m apps.LogMoment, _ *rand.Rand) []string {
		return []string{fmt.Sprintf(`127.0.0.1 - - [%s] "GET /healthz HTTP/1.1" 200 -`, m.Time.UTC().Format("02/Jan/2006 15:04:05"))}
	}
	return log
}

func electionLog() apps.Log {
	return apps.Log{
		Startup: []string{`I1005 main.go:58] attempting to acquire leader lease payments/settlement...`},
		Every:   15 * time.Second,
		Line: func(m apps.LogMoment, _ *rand.Rand) []string {
			if m.Failing {
				return []string{"I1005 leaderelection.go:271] lock is held by another Pod and has not yet expired"}
			}
			return []string{"I1005 leaderelection.go:258] successfully renewed lease payments/settlement"}
		},
	}
}

func springStart(version string) []string {
	return []string{
		"  .   ____          _            __ _ _", " :: Spring Boot ::                (v3.5.5)", "",
		"INFO 1 --- [reviews] [main] c.e.shop.reviews.ReviewsApplication      : Starting ReviewsApplication v" + version + " using Java 21.0.8 with PID 1",
		"INFO 1 --- [reviews] [main] o.s.b.w.embedded.tomcat.TomcatWebServer  : Tomcat initialized with port 8080 (http)",
		"INFO 1 --- [reviews] [main] com.zaxxer.hikari.HikariDataSource       : HikariPool-1 - Starting...",
		"INFO 1 --- [reviews] [main] com.zaxxer.hikari.HikariDataSource       : HikariPool-1 - Start completed.",
	}
}

func springLog() apps.Log {
	return apps.Log{
		Startup: append(springStart("3.1.4"), "INFO 1 --- [reviews] [main] c.e.shop.reviews.ReviewsApplication      : Started ReviewsApplication in 2.9 seconds"),
		Every:   4 * time.Second,
		Line: func(_ apps.LogMoment, random *rand.Rand) []string {
			return []string{fmt.Sprintf("INFO 1 --- [reviews] [nio-8080-exec-%d] c.e.shop.reviews.ReviewController         : listed %d reviews", 1+random.IntN(9), random.IntN(40))}
		},
	}
}

func crashLog() apps.Log {
	return apps.Log{
		Startup: springStart("3.2.0"),
		Last: []string{
			"ERROR 1 --- [reviews] [main] o.s.boot.SpringApplication               : Application run failed",
			"",
			"org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'flywayInitializer': Validate failed: Migrations have failed validation",
			"Migration checksum mismatch for migration version 14",
			"-> Applied to database : -1297338716",
			"-> Resolved locally    : 771063894",
			"\tat org.springframework.beans.factory.support.AbstractAutowireCapableBeanFactory.initializeBean(AbstractAutowireCapableBeanFactory.java:1818)",
			"\tat org.springframework.boot.SpringApplication.run(SpringApplication.java:1361)",
			"\tat com.example.shop.reviews.ReviewsApplication.main(ReviewsApplication.java:14)",
			"Caused by: org.flywaydb.core.api.exception.FlywayValidateException: Validate failed: Migrations have failed validation",
			"\tat org.flywaydb.core.Flyway.lambda$migrate$1(Flyway.java:188)",
			"\t... 21 common frames omitted",
		},
	}
}

func redisLog() apps.Log {
	return apps.Log{
		Startup: []string{"1:C * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo", "1:M * Server initialized", "1:M * Ready to accept connections tcp"},
		Every:   60 * time.Second,
		Line: func(m apps.LogMoment, random *rand.Rand) []string {
			stamp := m.Time.UTC().Format("02 Jan 2006 15:04:05.000")
			return []string{
				fmt.Sprintf("1:M %s * %d changes in 60 seconds. Saving...", stamp, 100+random.IntN(900)),
				fmt.Sprintf("1:M %s * Background saving started by pid %d", stamp, 200+random.IntN(700)),
				fmt.Sprintf("1:M %s * Background saving terminated with success", stamp),
			}
		},
	}
}

func postgresLog() apps.Log {
	stamp := func(m apps.LogMoment) string { return m.Time.UTC().Format("2006-01-02 15:04:05.000") + " GMT" }
	return apps.Log{
		Startup: []string{"LOG:  starting PostgreSQL 17.6 on x86_64-pc-linux-gnu", `LOG:  listening on IPv4 address "0.0.0.0", port 5432`, "LOG:  database system is ready to accept connections"},
		Every:   5 * time.Second,
		Line: func(m apps.LogMoment, random *rand.Rand) []string {
			switch random.IntN(5) {
			case 0:
				return []string{fmt.Sprintf("%s [%d] LOG:  checkpoint starting: time", stamp(m), 27)}
			case 1:
				return []string{fmt.Sprintf("%s [27] LOG:  checkpoint complete: wrote %d buffers (%.1f%%); 0 WAL file(s) added, 0 removed, 1 recycled", stamp(m), 40+random.IntN(900), random.Float64()*6)}
			case 2:
				return []string{fmt.Sprintf("%s [%d] LOG:  duration: %d.412 ms  statement: SELECT id, total FROM orders WHERE customer_id = $1 ORDER BY created_at DESC LIMIT 20", stamp(m), 100+random.IntN(800), 1001+random.IntN(900))}
			case 3:
				return []string{
					fmt.Sprintf("%s [%d] ERROR:  duplicate key value violates unique constraint \"sessions_pkey\"", stamp(m), 100+random.IntN(800)),
					fmt.Sprintf("%s [%d] DETAIL:  Key (id)=(%08x) already exists.", stamp(m), 100+random.IntN(800), random.Uint32()),
				}
			}
			return nil
		},
	}
}

func kafkaLog() apps.Log {
	return apps.Log{
		Startup: []string{"INFO [main] starting", "INFO [main] started"},
		Every:   6 * time.Second,
		Line: func(m apps.LogMoment, random *rand.Rand) []string {
			return []string{fmt.Sprintf("[%s] INFO [%s] %s", m.Time.UTC().Format("2006-01-02 15:04:05,000"),
				pick(random, "GroupCoordinator id=1", "LogManager", "ReplicaManager broker=1"),
				pick(random, "Stabilized group orders generation 41", "Deleted 0 segments", "Completed loading of metadata", "Rolled new log segment in 3 ms"))}
		},
	}
}

func goKitLog(name string) apps.Log {
	return apps.Log{
		Startup: []string{fmt.Sprintf("level=INFO source=main.go:1291 msg=\"Server is ready to receive web requests.\" app=%s", name)},
		Every:   20 * time.Second,
		Line: func(m apps.LogMoment, random *rand.Rand) []string {
			return []string{fmt.Sprintf("time=%s level=INFO app=%s msg=%q duration=%dms", m.Time.UTC().Format(time.RFC3339), name,
				pick(random, "write block completed", "Head GC completed", "rules evaluated", "cleanup finished"), millis(random))}
		},
	}
}

func corednsLog() apps.Log {
	return apps.Log{
		Startup: []string{".:53", "[INFO] plugin/reload: Running configuration SHA512 = 591cf328cccc12bc490481273e738df59329c62c0b729d94e8b61db9961c2fa5", "CoreDNS-1.13.1"},
		Every:   3 * time.Second,
		Line: func(_ apps.LogMoment, random *rand.Rand) []string {
			return []string{fmt.Sprintf(`[INFO] 10.4.%d.%d:%d - %d "A IN %s.shop.svc.cluster.local. udp 53 false 512" NOERROR qr,aa,rd 106 0.000%d`,
				random.IntN(4)*8, 2+random.IntN(200), 30000+random.IntN(30000), random.IntN(65535), pick(random, "cart", "catalog", "orders", "redis-cart"), 100+random.IntN(800))}
		},
	}
}
