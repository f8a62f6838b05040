// A service that handles orders and publishes what came of them:  dotnet run --project samples/HostedService
// Options are in appsettings.json; GET /health tells whether it is connected.
using Broker.Client;
using Samples.HostedService;

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);
builder.Services.AddNsqProducer(builder.Configuration.GetSection("Nsq:Producer"));
builder.Services.AddNsqConsumer<OrderHandler>(builder.Configuration.GetSection("Nsq:Orders"));
builder.Services.AddHealthChecks().AddNsqProducer().AddNsqConsumers();

WebApplication app = builder.Build();
app.MapHealthChecks("/health");
app.MapPost("/orders/{name}", async (string name, INsqProducer producer, CancellationToken cancellation) =>
    await producer.PublishAsync("orders", System.Text.Encoding.UTF8.GetBytes(name), cancellation));
await app.RunAsync();
