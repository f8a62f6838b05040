// An Orleans silo with streams on a broker:  dotnet run --project samples/OrleansStreams
// POST /orders/anna?item=beer produces an event, and the grain "anna" handles it. The broker is named in appsettings.json; stop it and
// start it again, or this program, between the two. GET /health tells whether it is connected.
using Orleans.Runtime;
using Samples.OrleansStreams;

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);
builder.UseOrleans(silo => silo.UseLocalhostClustering().AddMemoryGrainStorage("PubSubStore"));
builder.Services.AddHealthChecks().AddBrokerStreams("broker");

WebApplication app = builder.Build();
app.MapHealthChecks("/health");
app.MapPost("/orders/{customer}", async (string customer, string item, IClusterClient client) =>
{
    await client.GetStreamProvider("broker").GetStream<Order>(StreamId.Create("orders", customer)).OnNextAsync(new Order(item));
    return Results.Accepted();
});
await app.RunAsync();
