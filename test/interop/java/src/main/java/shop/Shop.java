package shop;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.http.MediaType;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.oauth2.client.oidc.web.logout.OidcClientInitiatedLogoutSuccessHandler;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.servlet.config.annotation.ContentNegotiationConfigurer;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** Spring Security's login as its reference sets it up, with the logout that it offers. */
@SpringBootApplication
public class Shop implements WebMvcConfigurer {
    public static void main(String[] args) {
        SpringApplication.run(Shop.class, args);
    }

    @Bean
    SecurityFilterChain filters(HttpSecurity http, ClientRegistrationRepository clients) throws Exception {
        var logout = new OidcClientInitiatedLogoutSuccessHandler(clients);
        logout.setPostLogoutRedirectUri("{baseUrl}/bye");
        return http
            .authorizeHttpRequests(all -> all.requestMatchers("/bye").permitAll().anyRequest().authenticated())
            .oauth2Login(Customizer.withDefaults())
            .logout(way -> way.logoutSuccessHandler(logout))
            .oidcLogout(way -> way.backChannel(Customizer.withDefaults()))
            .build();
    }

    /** Shows browsers JSON too. */
    @Override
    public void configureContentNegotiation(ContentNegotiationConfigurer types) {
        types.ignoreAcceptHeader(true).defaultContentType(MediaType.APPLICATION_JSON);
    }
}
