// Spring Boot 3 (Java 17): a filter that checks the login of each caller. A controller reads the user by
// `@RequestAttribute("user") JsonNode user`. Set torii.url, torii.appid and torii.appsecret in application.properties.
//
// The tests check its syntax; they do not run it.
import com.fasterxml.jackson.databind.JsonNode;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Map;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.client.RestClient;
import org.springframework.web.filter.OncePerRequestFilter;

@Component
class LoginFilter extends OncePerRequestFilter {
  @Value("${torii.url}") String url;
  @Value("${torii.appid}") String appId;
  @Value("${torii.appsecret}") String appSecret;
  private final RestClient client = RestClient.create();

  /** A 401 is an answer too; any other failure throws, so that the caller gets a 500 and stays logged in. */
  private JsonNode check(String token) {
    var members = Map.of("appid", appId, "appsecret", appSecret, "token", token);
    return client.post().uri(url + "/v1/ticket/verify").contentType(MediaType.APPLICATION_JSON).body(members)
        .retrieve().onStatus(HttpStatusCode.valueOf(401)::equals, (request, response) -> {}).body(JsonNode.class);
  }

  @Override
  protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain next)
      throws ServletException, IOException {
    var header = request.getHeader("Authorization");
    var token = header != null && header.startsWith("Bearer ") ? header.substring(7) : "";
    var reply = check(token);
    if (!reply.has("active")) throw new IOException("the login server refused this backend: " + reply.path("code"));
    if (!reply.path("active").asBoolean()) {
      response.sendError(401);
      return;
    }
    request.setAttribute("user", reply.get("user"));
    next.doFilter(request, response);
  }
}
