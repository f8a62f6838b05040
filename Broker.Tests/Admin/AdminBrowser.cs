using Microsoft.Playwright;

namespace Broker.Tests.Admin;

/// <summary>One browser for all tests: Debian's Chromium, without a window.</summary>
public sealed class AdminBrowser : IAsyncLifetime
{
    private static readonly string[] Executables = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        string executable = Environment.GetEnvironmentVariable("BROKER_CHROMIUM") ?? Executables.FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException("There is no Chromium: install Debian's package chromium, or name one in BROKER_CHROMIUM.");
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = executable,
            Args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        });
    }

    /// <summary>A page of a session of its own.</summary>
    /// <param name="home">The only site that it may ask for anything: scheme, host and port.</param>
    /// <param name="options">What the browser is like; null for a desktop.</param>
    internal async Task<AdminPage> OpenAsync(string home, BrowserNewContextOptions? options = null)
    {
        IBrowserContext context = await _browser!.NewContextAsync(options ?? new BrowserNewContextOptions { ViewportSize = new() { Width = 1280, Height = 900 } });
        context.SetDefaultTimeout(60_000);
        Assertions.SetDefaultExpectTimeout(60_000);
        return new AdminPage(home, context, await context.NewPageAsync());
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
    }
}
