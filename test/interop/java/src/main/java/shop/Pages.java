package shop;

import java.time.Clock;
import java.time.Duration;
import java.util.Map;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;

import org.springframework.security.core.Authentication;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.client.OAuth2AuthorizationContext;
import org.springframework.security.oauth2.client.RefreshTokenOAuth2AuthorizedClientProvider;
import org.springframework.security.oauth2.client.userinfo.DefaultOAuth2UserService;
import org.springframework.security.oauth2.client.userinfo.OAuth2UserRequest;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizedClientRepository;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
class Pages {
    private final OAuth2AuthorizedClientRepository clients;

    Pages(OAuth2AuthorizedClientRepository clients) {
        this.clients = clients;
    }

    @GetMapping("/")
    Map<String, Object> home(@AuthenticationPrincipal OidcUser user) {
        return Map.of("claims", user.getIdToken().getClaims(), "userinfo", user.getUserInfo().getClaims());
    }

    /** Renews the access token the way that Spring does when it is nearly over. */
    @GetMapping("/refresh")
    Map<String, Object> refresh(Authentication person, HttpServletRequest request, HttpServletResponse response) {
        var client = clients.loadAuthorizedClient("avain", person, request);
        var refreshing = new RefreshTokenOAuth2AuthorizedClientProvider();
        refreshing.setClock(Clock.offset(Clock.systemUTC(), Duration.ofDays(1)));
        var fresh = refreshing.authorize(OAuth2AuthorizationContext.withAuthorizedClient(client).principal(person).build());
        if (fresh.getAccessToken().getTokenValue().equals(client.getAccessToken().getTokenValue())) {
            throw new IllegalStateException("the access token is the old one");
        }
        clients.saveAuthorizedClient(fresh, person, request, response);
        var asked = new OAuth2UserRequest(fresh.getClientRegistration(), fresh.getAccessToken());
        return Map.of("sub", new DefaultOAuth2UserService().loadUser(asked).getName());
    }

    @GetMapping("/bye")
    String bye() {
        return "bye";
    }
}
